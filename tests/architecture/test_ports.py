"""Every port has a fake that offers all of it, and a file of promises that fake and adapter are both held to."""

import ast
import importlib
import inspect

import pytest

from tests.architecture.sources import ROOT, modules, tree

FAKES = {
    "AuditTrail": "tests.fakes.audit.MemoryAuditTrail",
    "Channel": "tests.fakes.channel.MemoryChannel",
    "Clock": "tests.fakes.clock.MovableClock",
    "Configurations": "tests.fakes.world.Settings",
    "Directory": "tests.fakes.directory.MemoryDirectory",
    "Integration": "tests.fakes.integrations.MemoryIntegration",
    "Integrations": "tests.fakes.integrations.MemoryIntegrations",
    "Queues": "tests.fakes.queues.MemoryQueues",
    "SignIn": "tests.fakes.sign_in.MemorySignIn",
    "SnapshotWriter": "tests.fakes.snapshots._Writer",
    "Snapshots": "tests.fakes.snapshots.MemorySnapshots",
    "Surroundings": "tests.fakes.surroundings.MemorySurroundings",
    "Tables": "tests.fakes.tables.MemoryTables",
    "ThrowAways": "tests.fakes.throw_aways.MemoryThrowAways",
    "Ulids": "tests.fakes.clock.SequentialUlids",
    "UsageSource": "tests.fakes.usage.MemoryUsage",
    "Vault": "tests.fakes.vault.MemoryVault",
    "Vaults": "tests.fakes.vault.MemoryVaults",
}

PROMISES = {
    "AuditTrail": "tests/contract/promises_audit.py",
    "Channel": "tests/contract/promises_channel.py",
    "Clock": "tests/contract/promises_clock.py",
    "Configurations": "tests/contract/promises_configurations.py",
    "Directory": "tests/contract/promises_directory.py",
    "Queues": "tests/contract/promises_queues.py",
    "SignIn": "tests/contract/promises_sign_in.py",
    "SnapshotWriter": "tests/contract/promises_snapshots.py",
    "Snapshots": "tests/contract/promises_snapshots.py",
    "Surroundings": "tests/contract/promises_surroundings.py",
    "Tables": "tests/contract/promises_tables.py",
    "ThrowAways": "tests/contract/promises_throw_aways.py",
    "Ulids": "tests/contract/promises_clock.py",
    "UsageSource": "tests/contract/promises_usage.py",
    "Vault": "tests/contract/promises_vault.py",
}

PROMISED_ELSEWHERE = {
    "Integration": ("tests/contract/test_integrations.py", "one harness a kind, all held to the same tests"),
    "Integrations": ("tests/contract/test_integrations.py", "only finds an Integration"),
    "Vaults": ("tests/contract/test_vault.py", "only finds a Vault"),
}


def protocols() -> dict[str, set[str]]:
    """Give each port with its public members."""
    found = {}
    for path in modules("rotation/ports"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases):
                found[node.name] = {
                    each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                }
    return found


def test_each_port_is_listed_here_once() -> None:
    ports = protocols().keys()
    assert FAKES.keys() == ports
    assert PROMISES.keys() | PROMISED_ELSEWHERE.keys() == ports
    assert not PROMISES.keys() & PROMISED_ELSEWHERE.keys()


@pytest.mark.parametrize("port", sorted(FAKES))
def test_a_fake_offers_all_that_its_port_does(port: str) -> None:
    module, _dot, name = FAKES[port].rpartition(".")
    fake = getattr(importlib.import_module(module), name)
    offered = set(dir(fake)) | set(getattr(fake, "__annotations__", {}))
    assert protocols()[port] <= offered, f"{FAKES[port]} lacks {protocols()[port] - offered}"
    assert inspect.isclass(fake)


@pytest.mark.parametrize("port", sorted(FAKES))
def test_a_ports_promises_are_tests(port: str) -> None:
    file = PROMISES[port] if port in PROMISES else PROMISED_ELSEWHERE[port][0]
    functions = [node for node in ast.walk(ast.parse((ROOT / file).read_text())) if hasattr(node, "name")]
    assert [node for node in functions if str(node.name).startswith("test_")], f"{file} promises nothing"


@pytest.mark.parametrize("file", sorted(set(PROMISES.values())))
def test_promises_are_held_against_more_than_one_world(file: str) -> None:
    """A fake alone could promise anything: each promises class has users besides its own module."""
    text = (ROOT / file).read_text()
    (promised,) = [
        node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and "Promises" in node.name
    ]
    users = [
        node.name
        for path in modules("tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and any(promised in ast.unparse(base) for base in node.bases)
    ]
    assert len(users) > 1, f"{promised}: {users}"
