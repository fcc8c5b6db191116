"""
The companion script, which no PowerShell runs here: that it parses, and what can be seen of it without running it.

tree-sitter-powershell is a grammar and not Microsoft's parser: what it passes may still be wrong (`@{ ok = }` does).
"""

import re
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from rotation.integrations.kinds.agent import companion
from sandbox.windows_server import REQUEST

FOLDER = Path(companion.__file__).parent
PARTS = {name: (FOLDER / name).read_text("utf-8") for name in ("companion.ps1", "credential.ps1")}
ASKED = {"phase": "verify", "folder": 'C:\\It\'s\\"here"', "nonce": "'@\n$(Get-Date)"}
WHOLE = companion.script(ASKED)
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def nodes(text: str) -> list[tree_sitter.Node]:
    found, open_ends = [], [PARSER.parse(text.encode()).root_node]
    while open_ends:
        found.append(node := open_ends.pop())
        open_ends += node.children
    return found


def broken(text: str) -> list[str]:
    return [f"line {node.start_point[0] + 1}" for node in nodes(text) if node.is_error or node.is_missing]


def without_here_strings(text: str) -> str:
    """Leave out what is only text to the script."""
    return re.sub(r"@(['\"])\n.*?\n\1@", "''", text, flags=re.DOTALL)


@pytest.mark.parametrize("text", [*PARTS.values(), WHOLE], ids=[*PARTS, "as it is sent"])
def test_it_parses(text: str) -> None:
    assert broken(text) == []


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("function Get-Discovery($Asked) {", "function Get-Discovery($Asked {"),
        ("        Stop-With $told.reason", "        } Stop-With $told.reason"),
        ("if (-not $told.ok) {", "if (-not $told.ok {"),
        ("switch ($asked.phase) {", "switch ($asked.phase) ["),
        ("$reply = @{ ok = $true; ", "$reply = @{ ok $true; "),
        ("'discover' { $result", "'discover { $result"),
    ],
)
def test_a_broken_script_is_caught(there: str, instead: str) -> None:
    text = PARTS["companion.ps1"]
    changed = text.replace(there.strip(), instead.strip(), 1)
    assert changed != text
    assert broken(changed)


def test_the_script_inside_the_task_parses_too() -> None:
    inside = re.findall(r"@'\n(.*?)\n'@", PARTS["companion.ps1"], re.DOTALL)
    assert len(inside) == 2
    assert [broken(text) for text in inside if "NamedPipeClientStream" in text] == [[]]


def test_a_request_is_text_wherever_it_stands() -> None:
    assert companion.asked_by(WHOLE) == ASKED
    assert REQUEST.search(WHOLE)
    assert "@@REQUEST@@" not in WHOLE
    assert "@@CREDENTIAL@@" not in WHOLE
    assert companion.asked_by("Get-Date") is None


def test_the_inner_script_ends_no_here_string() -> None:
    assert not re.search(r"^'@", PARTS["credential.ps1"], re.MULTILINE)
    assert WHOLE.count(PARTS["credential.ps1"].rstrip("\n")) == 1


def test_it_is_plain_ascii_whatever_code_page_reads_it() -> None:
    assert all(text.isascii() for text in PARTS.values())


def test_nothing_in_it_puts_a_secret_where_it_is_seen() -> None:
    """No cmdkey, no command lines, no output but the answer; the value goes to .NET methods alone."""
    for text in PARTS.values():
        code = without_here_strings(text)
        assert not re.search(
            r"cmdkey|Start-Transcript|Write-(Host|Verbose|Debug|Warning|Information)|Set-Content|Out-File", code
        )
        assert not re.search(r"Invoke-RestMethod|ConvertTo-SecureString|-Body\b", code)
    outer, inner = (without_here_strings(text) for text in PARTS.values())
    uses = [line.strip() for line in (outer + inner).splitlines() if "$Kept" in line and not line.startswith("#")]
    assert uses == [
        "$Kept = @{ Value = '' }",
        "$writer.WriteLine($Kept.Value)",
        "$Kept.Value = Get-Value $Asked",
        "$same = [RotationCompanion.Store]::Read($Job.target).Text -ceq $Kept.Value",
        "if (-not $same) { [RotationCompanion.Store]::Replace($Job.target, $Kept.Value) }",
        "$Answer.ok = [RotationCompanion.Store]::Read($Job.target).Text -ceq $Kept.Value",
    ]
    assert outer.count("Write-Output") == 1


def test_it_uses_nothing_younger_than_windows_powershell() -> None:
    """No null-coalescing, ternary, pipeline chains, or `-AsHashtable`, which PowerShell 7 brought."""
    for text in PARTS.values():
        code = without_here_strings(text)
        assert not re.search(r"\?\?|\?\.|&&|\|\||-AsHashtable|ForEach-Object -Parallel| \? [^{]+ : ", code)


def test_each_reason_that_it_gives_is_one_that_we_know() -> None:
    given = set(re.findall(r"Stop-With '([a-z-]+)'|reason = '([a-z-]+)'", "".join(PARTS.values())))
    named = {name for pair in given for name in pair if name}
    assert named == {
        "account-out-of-reach",
        "companion-failed",
        "credential-refused",
        "discovery-ambiguous",
        "discovery-drifted",
        "service-failed",
        "value-unreadable",
    }
    assert named == set(companion.REASONS)


def test_every_function_that_is_called_is_there() -> None:
    called: set[str] = set()
    defined: set[str] = set()
    for node in nodes(PARTS["companion.ps1"]):
        text = (node.text or b"").decode()
        if node.type == "command_name" and re.fullmatch(r"[A-Z][A-Za-z]+-[A-Za-z]+", text):
            called.add(text)
        if node.type == "function_name":
            defined.add(text)
    cmdlets = {
        "Add-Type", "ConvertFrom-Json", "ConvertTo-Json", "ForEach-Object", "Get-CimInstance", "Get-ItemProperty",
        "Get-Process", "Get-Service", "Invoke-WebRequest", "Join-Path", "New-Object", "New-ScheduledTaskAction",
        "New-ScheduledTaskPrincipal", "Register-ScheduledTask", "Restart-Service", "Select-Object", "Set-StrictMode", "Start-ScheduledTask",
        "Start-Sleep", "Test-Path", "Unregister-ScheduledTask", "Where-Object", "Write-Output",
    }  # fmt: skip
    assert called - defined == cmdlets
    assert defined <= called
