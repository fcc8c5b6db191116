"""
What each port promises, written once (`promises_*.py`) and run against the fake and the real adapter.

A promise class asks for fixtures by the port's name; a test module subclasses it once per implementation.
"""

import pytest

for _port in ("tables", "queues", "snapshots", "vault", "directory", "sign_in", "usage"):
    pytest.register_assert_rewrite(f"tests.contract.promises_{_port}")
