"""
Take over a secret that is in place already: a rotation that begins at Published, so nothing is minted.

From there it goes as every other: destinations are asked what they hold before anything is sent, and old secrets go on
evidence only. Two come here: whoever enrols a line again after the ledger was lost, and whoever adopts what a person
made by hand.
"""

from dataclasses import replace
from datetime import datetime

from rotation.domain.identifiers import RotationId, SecretVersion
from rotation.domain.line import HeldKey, Line, Reason
from rotation.domain.rebuilt import RebuiltLine, TaggedSecret
from rotation.domain.rotation import Minted, Publication, Published, Rotation

NEVER_STAGED = SecretVersion("")


def taken_over(
    line: Line, publication: Publication, rotation_id: RotationId, *, by: str, now: datetime
) -> tuple[Line, Rotation]:
    """
    Make the secret of *publication* the line's current one, and open the rotation that carries it on from Published.

    Every other key of the line becomes a predecessor. Our own sign-ins with it may lie anywhere between its making
    and now: none of those is use.
    """
    minted = publication.minted
    key = HeldKey(key_id=minted.key_id, end_at=minted.end_at, minted_by=rotation_id.ulid)
    published = line.published(key, version=publication.version, minted_at=minted.minted_at)
    opened = replace(published, open=rotation_id.ulid, latest=rotation_id.ulid, blocked=None, repeated=False)
    rotation = Rotation(
        id=rotation_id,
        line=line.id.name,
        client_id=line.client_id,
        application_name=line.display_name,
        reason=Reason.REQUESTED,
        asked_by=by,
        opened_at=now,
        predecessors=tuple(held.key_id for held in opened.keys if held.key_id != minted.key_id),
        phase=Published(publication=publication),
        phase_since=now,
        adopted=(minted.key_id,),
        own_sign_ins=(min(minted.minted_at, now), now),
    )
    return opened, rotation


def resumed(line: Line, rebuilt: RebuiltLine, *, now: datetime) -> tuple[Line, Rotation | None]:
    """
    Go on where a line stood when its ledger was lost, as far as directory and vault tell.

    The rotation is the one whose marker the secret bears that was published last. Where somebody removed that one, the
    line knows so, as it would have; and what was never published is nobody's current secret.
    """
    known = _known(line, rebuilt)
    latest = rebuilt.latest
    if latest is None:
        return known, None
    if not latest.listed:
        gone = HeldKey(key_id=latest.key_id, end_at=latest.end_at, minted_by=latest.rotation)
        return known.published(gone, version=latest.version, minted_at=latest.written_at), None
    if known.key(latest.key_id) is None:
        return known, None
    rotation_id = RotationId(line.id.application, latest.rotation)
    return taken_over(known, _publication(latest, now), rotation_id, by=line.enrolment.by, now=now)


def _known(line: Line, rebuilt: RebuiltLine) -> Line:
    """Note which rotation minted each key; of those that anybody can have, the one that ends last is current."""
    minted_by = {each.key_id: each.rotation for each in rebuilt.secrets}
    unpublished = {each.key_id for each in rebuilt.unpublished}
    keys = tuple(replace(key, minted_by=minted_by.get(key.key_id)) for key in line.keys)
    newest = max((key for key in keys if key.key_id not in unpublished), key=lambda key: key.end_at, default=None)
    return replace(line, keys=keys, current=newest.key_id if newest else None)


def _publication(secret: TaggedSecret, now: datetime) -> Publication:
    """Tell of it what its version tells; that a usage source is alive must show from now on."""
    minted = Minted(
        attempt=secret.attempt, key_id=secret.key_id, end_at=secret.end_at, minted_at=min(secret.written_at, now)
    )
    return Publication(
        minted=minted,
        version=secret.version,
        published_at=minted.minted_at,
        staged_version=NEVER_STAGED,
        proven_at=now,
    )
