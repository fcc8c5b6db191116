"""What one version of the program writes and another reads (ADR 0030): rows, messages, marks, files."""
