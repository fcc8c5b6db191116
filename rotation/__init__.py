"""
Rotate the client secrets of Entra app registrations, and lose none.

One rotation: the nightly scan finds that a line's current secret ends soon. Under the application's lease a rotation is
planned in the ledger; a disabled version is reserved in the vault; a secret is minted, marked with the rotation and the
attempt; its text goes at once into the vault; it signs in five times, spread; it is published as the newest version of
the line's secret; each destination gets it and is asked what it holds; both secrets work until evidence says that
nobody needs the old one; the old one is removed, and two reads confirm it. Each step is in the ledger before it is
taken, so whoever comes after a crash finishes it.

Read next: `domain.rotation` (phases and moves), `workflows.rotate` (one step), `workflows.phases` (what each phase
does), `ledger.fence` (who may write now), `triggers.boundary` (what follows from an error), `bootstrap` (what is wired
to what). docs/architecture.md has the rooms, docs/protocol.md the rules.
"""

__version__ = "0.1.0"
"""Of the program, as pyproject.toml has it: what `/api/health` and telemetry tell."""
