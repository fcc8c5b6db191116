"""`python -m sandbox.demo`: weeks of a tenant's life in a minute, judged by what the sandbox itself saw."""
