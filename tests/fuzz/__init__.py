"""Whatever others write, our parsers answer with a value or with an error of ours: never with a crash."""
