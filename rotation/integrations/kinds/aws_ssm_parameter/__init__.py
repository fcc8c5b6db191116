"""Write a SecureString parameter of AWS Systems Manager."""
