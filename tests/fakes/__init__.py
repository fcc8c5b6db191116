"""One in-memory implementation of each port, crueller than the real thing where told, and held to tests/contract."""
