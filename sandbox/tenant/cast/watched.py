"""Characters that nobody enrolled: reminded about, never rotated."""

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.tenant.cast.making import credential, member
from sandbox.tenant.cast.members import CastMember, Outcome, Wish
from sandbox.tenant.cast.people import ADA, FATIMA, GORAN

STRAY_MARKER = "(rotation:01J8ZQ5T7XK3M9V2B4N6P8R0SD.1)"
"""The marker of a rotation that no ledger of ours holds."""


def watched(now: datetime) -> list[CastMember]:
    return [legacy_export(now), supplier_portal(now), expenses(now)]


def legacy_export(now: datetime) -> CastMember:
    found = member(
        "legacy-export",
        "legacy-export",
        role="Nobody enrolled it, and its secrets end one after the other: reminders only.",
        owner=GORAN,
        wish=Wish.MONITOR,
        outcome=Outcome.REMINDED,
    )
    ends = ((3, "key1"), (14, None), (58, "DO NOT DELETE!!!"))
    secrets = tuple(credential(f"legacy-export/{days}", now, display_name=name, days=days) for days, name in ends)
    return replace(found, credentials=secrets, notes="Owner left the company in 2021, ask the service desk.")


def supplier_portal(now: datetime) -> CastMember:
    found = member(
        "supplier-portal",
        "Supplier Portal",
        role="Bears a marker of another deployment: reported as a stray, never removed.",
        owner=ADA,
        wish=Wish.MONITOR,
        outcome=Outcome.STRAY_REPORTED,
    )
    stray = credential("supplier-portal/stray", now, display_name=f"Supplier Portal - default {STRAY_MARKER}", days=120)
    own = credential("supplier-portal/own", now, display_name="prod", days=200)
    return replace(found, credentials=(stray, own))


def expenses(now: datetime) -> CastMember:
    found = member(
        "expense-sso",
        "Expense SSO",
        role="Signs people in by SAML: the password beside its signing certificate is no client secret.",
        owner=FATIMA,
        wish=Wish.MONITOR,
        outcome=Outcome.NOT_A_SECRET,
    )
    return replace(found, signing_ends_at=now + timedelta(days=26))
