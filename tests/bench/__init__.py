"""What the program costs, measured in one run against the sandbox: `make bench`, docs/performance.md."""
