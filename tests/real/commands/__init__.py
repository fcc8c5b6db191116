"""The commands of the pages, typed in a world of the sandbox: what to type, and the world that has it all."""
