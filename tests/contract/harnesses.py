"""Every harness: one module `harness_<kind>` beside this one is all that a new kind adds."""

import importlib
import inspect
from pathlib import Path

from tests.contract.harness_base import Harness


def all_harnesses() -> dict[str, type[Harness]]:
    """Give the harness of each kind."""
    found: dict[str, type[Harness]] = {}
    for path in sorted(Path(__file__).parent.glob("harness_*.py")):
        module = importlib.import_module(f"tests.contract.{path.stem}")
        for value in vars(module).values():
            ours = inspect.isclass(value) and issubclass(value, Harness) and value.__module__ == module.__name__
            if ours and not inspect.isabstract(value) and hasattr(value, "kind"):
                assert value.kind not in found or found[value.kind] is value, f"two harnesses of {value.kind}"
                found[value.kind] = value
    return found
