"""The report as JSON: figures from the app's ledger, verdicts from the sandbox's own books."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.demo.judgement import foreign_removed, mails, removed_by_us
from sandbox.demo.leaks import leaks
from sandbox.demo.stage import Stage
from sandbox.downstream.downstream import Outcome as SignedIn
from sandbox.running.books import Piece

_ROTATION = "a|rotation|"
_DELIVERY = "a|delivery|"
_LINE = "a|line|"
_FAILED = frozenset({"blocked", "delivery-blocked"})


def first_scan(stage: Stage) -> dict[str, Any]:
    """Give the record of the first nightly scan."""
    rows = sorted(stage.books.rows("scans"), key=lambda row: row["RowKey"])
    found: dict[str, Any] = json.loads(next(row["state"] for row in rows if '"secrets"' in row["state"]))
    return found


def remarks(stage: Stage) -> list[str]:
    """Give what all scans remarked."""
    return [str(remark) for row in stage.books.rows("scans") for remark in json.loads(row["state"])["remarks"]]


def make_report(
    stage: Stage, signed_in: Sequence[SignedIn], lines: Sequence[Mapping[str, Any]], *, began: float, now: float
) -> dict[str, Any]:
    """Make everything but `canary_leaks`, which is searched for in this report too."""
    scan = first_scan(stage)
    counts = scan["counts"]
    rows = stage.books.rows("rotations")
    return {
        "tenant": _tenant(stage),
        "scan": {"complete": _complete(stage, scan), "requests": counts["pages"], "due": counts["due"]},
        "lines": {"enrolled": len(lines), "monitored": counts["monitored"] - len(stage.own_client_ids)},
        "rotations": _rotations(rows, lines),
        "deliveries": _deliveries(rows),
        "sign_ins": {"checked": len(signed_in), "ok": sum(each.ok for each in signed_in)},
        "retired": len(removed_by_us(stage)),
        "foreign_removed": foreign_removed(stage),
        "ledger": {
            "applications": len({row["PartitionKey"] for row in rows if row["RowKey"].startswith(_LINE)}),
            "expiries": len(stage.books.rows("expiries")),
        },
        "reminders": len(mails(stage)),
        "canary_leaks": [],
        "duration_s": round(now - began, 1),
    }


def _tenant(stage: Stage) -> dict[str, int]:
    """Count what was loaded, so that the scan can be held to it."""
    held = [len(each.get("passwordCredentials") or ()) for each in stage.tenant.applications()]
    return {"applications": len(held), "credentials": sum(held)}


def _complete(stage: Stage, scan: Mapping[str, Any]) -> bool:
    """Believe a scan that says so when it also met as many applications as there are."""
    met = scan["counts"]["applications"]
    return bool(scan["complete"]) and met == _tenant(stage)["applications"] + len(stage.own_client_ids)


def _rotations(rows: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    phases = Counter(row["phase"] for row in rows if row["RowKey"].startswith(_ROTATION))
    stopped = [line["says"].removeprefix("stopped: ") for line in lines if line["state"] == "blocked"]
    return {
        "opened": sum(phases.values()),
        "completed": phases["completed"],
        "overlapping": phases["overlapping"] + phases["retiring"],
        "blocked": len(stopped),
        "by_reason": dict(sorted(Counter(stopped).items())),
    }


def _deliveries(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    phases = Counter(row["phase"] for row in rows if row["RowKey"].startswith(_DELIVERY))
    return {
        "verified": phases["verified"],
        "awaiting_person": phases["awaiting-person"] + phases["acknowledged"],
        "failed": sum(phases[phase] for phase in _FAILED),
    }


def search(stage: Stage, report: Mapping[str, Any]) -> list[str]:
    """Search everything that was written for every secret text there ever was."""
    cloud = stage.world.cloud
    held = [text for vault in cloud.vaults.values() for text in vault.canaries()]
    texts = {*cloud.entra.canaries(), *held, *cloud.downstream.canaries()}
    return leaks(texts, _written(stage, report))


def _written(stage: Stage, report: Mapping[str, Any]) -> Iterator[Piece]:
    yield from stage.books.everything()
    for file in sorted(stage.world.folder.rglob("*")):
        if file.is_file():
            yield Piece(f"file {file.relative_to(stage.world.folder)}", file.read_bytes())
    for number, mail in enumerate(mails(stage), start=1):
        yield Piece(f"mail {number}", json.dumps(mail, ensure_ascii=False).encode())
    yield Piece("the command line", "\n".join(stage.terminal.heard).encode())
    yield Piece("this screen", stage.screen.said.encode())
    yield Piece("the report", json.dumps(report, ensure_ascii=False).encode())


def problems(report: Mapping[str, Any]) -> list[str]:
    """Name what must be true and is not."""
    signed = report["sign_ins"]
    found = {
        "the scan was not complete": not report["scan"]["complete"],
        f"{signed['checked'] - signed['ok']} systems cannot sign in": signed["ok"] != signed["checked"],
        f"secrets of nobody's enrolment were removed: {report['foreign_removed']}": bool(report["foreign_removed"]),
        f"secret texts leaked: {'; '.join(report['canary_leaks'][:5])}": bool(report["canary_leaks"]),
    }
    return [text for text, wrong in found.items() if wrong]
