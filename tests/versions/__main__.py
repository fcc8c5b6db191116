"""`python -m tests.versions`: keep the shapes of today that are kept nowhere yet."""

from tests.versions.golden import write_today

if __name__ == "__main__":
    print("\n".join(write_today()) or "every shape is kept already")  # a tool for people
