"""Write a secret in AWS Secrets Manager."""
