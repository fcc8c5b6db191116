"""`python -m sandbox.host --app DIR`: run one Azure Functions app on this machine."""

import sys

from sandbox.host.launch import run
from sandbox.host.options import parse

if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
