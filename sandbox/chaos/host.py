"""`python -m sandbox.chaos.host`: a host whose app has the fault planted that its settings name."""

import os
import sys

from sandbox.chaos.plants import PLANTED, PLANTS
from sandbox.host.launch import run
from sandbox.host.options import parse

if __name__ == "__main__":
    PLANTS[os.environ[PLANTED]].install()
    sys.exit(run(parse(sys.argv[1:])))
