"""`python -m rotation`."""

from rotation.cli.app import main

if __name__ == "__main__":
    main()
