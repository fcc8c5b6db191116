"""What enrolling a line would lead to: where its secret goes, who uses each key id now, what would go and when."""

from dataclasses import dataclass
from datetime import datetime

from rotation.domain.credential import Credential
from rotation.domain.evidence import REPORT_LAG, outlasts
from rotation.domain.identifiers import KeyId, LineId
from rotation.domain.line import CannotOpen, Due, HeldKey, LastPublished, due
from rotation.domain.policy import Retire
from rotation.ports.directory import CredentialRules
from rotation.workflows.admission import sight_of
from rotation.workflows.checking import DestinationView, describe
from rotation.workflows.previewing import Preview
from rotation.workflows.reading.uses import LastUses, last_uses
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOutlook:
    """One secret that would be handed over."""

    key_id: KeyId
    name: str
    hint: str
    """The first three characters of its text, to tell which one a known value belongs to."""
    end_at: datetime
    last_used_at: datetime | None
    """None: no source has shown a sign-in with it."""
    used_for: str
    fate: str
    """What would become of it, in a sentence."""
    goes_from: datetime | None
    """When it may go at the earliest; None: nothing removes it before its own end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentOutlook:
    """What would follow from the yes."""

    preview: Preview
    destinations: tuple[DestinationView, ...]
    rotates: str
    """When the first rotation would open, in a sentence."""
    rotates_at: datetime | None
    keys: tuple[KeyOutlook, ...]
    usage: LastUses


async def outlook(services: Services, seen: Preview) -> EnrolmentOutlook:
    """
    Tell what would follow; asks the usage sources about this application, and writes nothing.

    Raises:
        Retryable, AccessDenied: The directory does not say what the tenant's policies allow.
    """
    usage = await last_uses(services.usage, seen.application.client_id)
    described = {view.name: view for view in await describe(services)}
    rules = await services.directory.rules(seen.application.object_id)
    rotates, rotates_at = await _rotates(services, seen, rules)
    goes_from = _goes_from(seen, usage, rotates_at)
    return EnrolmentOutlook(
        preview=seen,
        destinations=tuple(described[name] for name in seen.entry.destinations if name in described),
        rotates=rotates,
        rotates_at=rotates_at,
        keys=tuple(_key(secret, usage, goes_from=goes_from) for secret in seen.handed_over),
        usage=usage,
    )


async def _rotates(services: Services, seen: Preview, rules: CredentialRules) -> tuple[str, datetime | None]:
    configuration, now = await services.configurations.current(), services.clock.now()
    current = max(seen.handed_over, key=lambda secret: secret.end_at, default=None)
    held = HeldKey(key_id=current.key_id, end_at=current.end_at) if current else None
    last = LastPublished(line=LineId(seen.application.object_id, seen.entry.name), current=held)
    sight = sight_of(services, configuration, seen.entry, application=seen.application, rules=rules)
    match due(last, sight, now):
        case Due():
            return "the next night, within the brakes", now
        case CannotOpen(reason=reason, detail=detail):
            return f"never, as it is: {detail} ({reason})", None
        case not_due if not_due.due_at is not None:
            return f"on {not_due.due_at:%Y-%m-%d}, or when somebody asks", not_due.due_at
        case not_due:
            return f"when somebody asks: {not_due.why}", None


def _goes_from(seen: Preview, usage: LastUses, rotates_at: datetime | None) -> datetime | None:
    """Give when an old secret may go at the earliest, where evidence for that can be had at all."""
    terms = seen.entry.terms
    by_clock = terms.retire is Retire.AFTER_OVERLAP
    nobody = not seen.entry.destinations and not seen.entry.readers
    if rotates_at is None or nobody or (not usage.sources and not by_clock) or outlasts(terms):
        return None
    return rotates_at + max(terms.overlap, terms.overlap if by_clock else terms.quiet_for + REPORT_LAG)


def _key(secret: Credential, usage: LastUses, *, goes_from: datetime | None) -> KeyOutlook:
    use = usage.by_key.get(secret.key_id)
    may_go = goes_from if goes_from is not None and goes_from < secret.end_at else None
    return KeyOutlook(
        key_id=secret.key_id,
        name=secret.display_name or "",
        hint=secret.hint or "",
        end_at=secret.end_at,
        last_used_at=use.at if use else None,
        used_for=use.origin if use else "",
        fate=_fate(secret, may_go),
        goes_from=may_go,
    )


def _fate(secret: Credential, may_go: datetime | None) -> str:
    if may_go is not None:
        return f"removed once everybody has switched and nobody uses it, not before {may_go:%Y-%m-%d}"
    if secret.never_ends:
        return "stays until evidence allows its removal, or an operator says so"
    return f"stays until it ends on {secret.end_at:%Y-%m-%d}; evidence for an earlier removal cannot be had"
