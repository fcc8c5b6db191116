"""Read models for people: pages, the terminal and HTTP show the same. Nothing here changes anything."""
