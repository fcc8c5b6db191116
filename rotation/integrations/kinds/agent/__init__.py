"""A program on a server that keeps the secret in a file, or in the Windows Credential Store."""
