"""Write a value by a request that the configuration describes: for APIs that have no kind of their own."""
