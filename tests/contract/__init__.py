"""
What each port promises, written once (`promises_*.py`) and run against the fake and the real adapter.

A promise class asks for fixtures by the port's name; a test module subclasses it once per implementation.
"""

import pytest

for _port in (
    "channel",
    "clock",
    "configurations",
    "directory",
    "queues",
    "sign_in",
    "snapshots",
    "tables",
    "usage",
    "vault",
):
    pytest.register_assert_rewrite(f"tests.contract.promises_{_port}")
