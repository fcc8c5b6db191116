"""What errors mean to the host and to callers."""
