"""Who is at the terminal, asked of a stand-in for the Azure CLI that is a real process."""

from pathlib import Path

import pytest

from rotation.cli.who import name_of, signed_in
from rotation.domain.errors import Refused


def put_az(folder: Path, script: str) -> None:
    az = folder / "az"
    az.write_text(f"#!/bin/sh\n{script}\n")
    az.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


async def test_the_azure_cli_is_asked_for_its_user(folder: Path) -> None:
    put_az(folder, 'test "$1 $2" = "account show" && echo ada@contoso.example')
    assert await signed_in() == "ada@contoso.example"


async def test_nobody_is_signed_in_where_it_says_so(folder: Path) -> None:
    put_az(folder, 'echo "Please run az login" >&2; exit 1')
    assert await signed_in() is None


async def test_nobody_is_signed_in_where_it_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert await signed_in() is None


def test_a_name_is_whoever_signed_in_then_what_was_given() -> None:
    assert name_of("ada", "grace") == "ada"
    assert name_of(None, " grace ") == "grace"
    with pytest.raises(Refused, match="needs a name"):
        name_of(None, "  ")
