"""The tables at the end: what became of each line, who signs in with what, who was told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from sandbox.demo.judgement import Ending
from sandbox.demo.screen import sign
from sandbox.entra.truth import SignIn


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def ledger(endings: Sequence[Ending]) -> Table:
    """Tell how each character's story ended."""
    table = _table("", "application", "owner", "what is so")
    for ending in endings:
        member = ending.member
        table.add_row(sign(ending.state), member.display_name, member.owner.name, ending.says)
    return table


def downstream(holders: Iterable[Mapping[str, Any]], sign_ins: Iterable[SignIn]) -> Table:
    """Tell which key id each system last signed in with, by Entra's own books, and whether it does."""
    used = {each.source: each.key_id for each in sign_ins if each.error == 0 and each.key_id}
    table = _table("", "system", "key id", "sign-ins", "signs in")
    for holder in holders:
        ok = bool(holder["signed_in"])
        told = "yes" if ok else f"no: AADSTS{holder['code']}" if holder["code"] else f"no: {holder['problem']}"
        held = str(used.get(holder["name"], "-"))[:8]
        table.add_row(sign("done" if ok else "expired"), holder["name"], held, str(holder["sign_ins"]), told)
    table.columns[3].justify = "right"
    return table


def reminders(mails: Sequence[Mapping[str, Any]]) -> Table:
    """Tell who got how many mails, and the latest subject."""
    table = _table("", "to", "mails", "the latest")
    table.columns[2].justify = "right"
    counts: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for mail in mails:
        for recipient in mail["message"]["toRecipients"]:
            address = recipient["emailAddress"]["address"].partition("@")[0]
            counts[address] += 1
            latest[address] = mail["message"]["subject"]
    for address, count in counts.most_common():
        table.add_row(sign("waiting"), address, str(count), Text(latest[address], overflow="ellipsis", no_wrap=True))
    return table


def figures(report: Mapping[str, Any]) -> Table:
    """Tell the figures of the report in a few lines."""
    table = _table("", "")
    table.show_header = False
    tenant, scan, lines = report["tenant"], report["scan"], report["lines"]
    complete = "complete" if scan["complete"] else "INCOMPLETE"
    table.add_row("tenant", f"{tenant['applications']:,} applications, {tenant['credentials']:,} client secrets")
    table.add_row("scan", f"{complete}, {_many(scan['requests'], 'page')}")
    table.add_row(
        "lines", f"{lines['enrolled']} enrolled, {scan['due']} due; {lines['monitored']:,} applications watched"
    )
    if lines["enrolled"]:
        _journeys(table, report)
    table.add_row(
        "removed", f"{report['retired']} old secrets of enrolled lines, {len(report['foreign_removed'])} of others"
    )
    table.add_row("leaks", f"{len(report['canary_leaks'])} in every log, table, queue, blob and mail")
    return table


def _journeys(table: Table, report: Mapping[str, Any]) -> None:
    rotations, deliveries, signed = report["rotations"], report["deliveries"], report["sign_ins"]
    ways = [f"{rotations[way]} {way}" for way in ("opened", "completed", "overlapping")]
    reasons = ", ".join(f"{count} {reason}" for reason, count in rotations["by_reason"].items())
    stopped = f"{rotations['blocked']} stopped" + (f" ({reasons})" if reasons else "")
    table.add_row("rotations", ", ".join([*ways, stopped]))
    waiting = f"{deliveries['awaiting_person']} waiting for people"
    table.add_row("deliveries", f"{deliveries['verified']} verified, {waiting}, {deliveries['failed']} failed")
    table.add_row("sign-ins", f"{signed['ok']} of {_many(signed['checked'], 'downstream system')}")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
