"""Tell an HTTPS address, signed by the Standard Webhooks rules."""
