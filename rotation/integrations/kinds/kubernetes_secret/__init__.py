"""Write one key of a Kubernetes Secret, and restart what reads it."""
