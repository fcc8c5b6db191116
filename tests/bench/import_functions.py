"""A measured process: nothing but `azure.functions`, which every Functions app in Python imports."""

import azure.functions  # noqa: F401  # this is what is measured

from tests.bench.measured import Stopwatch

if __name__ == "__main__":
    Stopwatch().tell()
