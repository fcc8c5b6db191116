"""Write a field of a KV version 2 secret in HashiCorp Vault or OpenBao."""
