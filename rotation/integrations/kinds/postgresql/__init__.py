"""Write a value into a row of a PostgreSQL table."""
