"""One module a phase. Each `carry` does what its phase waits for; it returns when to look again, or None to go on."""
