"""A Key Vault on the wire: secrets only, over HTTPS, held to the behaviour in platform.md C."""
