"""The command line over fakes."""
