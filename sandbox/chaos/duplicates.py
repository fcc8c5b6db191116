"""Find what was done twice: credentials, versions, hand-offs, values at destinations."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rotation.domain.credential import Marker
from sandbox.chaos import ledger
from sandbox.chaos.ledger import Ledger
from sandbox.chaos.scene import Scene
from sandbox.entra.truth import Minted

MARGIN = timedelta(seconds=0.5)
"""What was minted so much longer than the longest lag before a look is seen by it."""
CLOCKS = timedelta(seconds=3)
"""By how much a host's clock may be behind while it is moved."""
KEY_ID, ROTATION = "entra-key-id", "rotation"


def duplicates(scene: Scene, now: Ledger, credentials: Sequence[Minted]) -> Iterator[str]:
    """Give all of them in words."""
    ours = _by_rotation([each for each in credentials if each.minted_by == scene.cloud.app[0]])
    yield from _credentials(ours)
    yield from _attempts(ours)
    counted = _counted(now)
    yield from _two_at_once(scene, counted, ours)
    yield from _overtaken(counted, ours)
    yield from _versions(scene)
    yield from _hand_offs(now)
    yield from _values(scene)


def _by_rotation(credentials: Sequence[Minted]) -> Mapping[str, list[Minted]]:
    found: dict[str, list[Minted]] = defaultdict(list)
    for credential in credentials:
        if marker := Marker.read(credential.display_name):
            found[marker.ulid].append(credential)
    return found


def _credentials(ours: Mapping[str, list[Minted]]) -> Iterator[str]:
    for ulid, minted in ours.items():
        listed = [each.key_id for each in minted if each.removed_at is None]
        if len(listed) > 1:
            yield f"rotation {ulid} has {len(listed)} credentials: {', '.join(listed)}"


def _attempts(ours: Mapping[str, list[Minted]]) -> Iterator[str]:
    """Each addPassword has an attempt of its own (protocol.md, Phases)."""
    for minted in ours.values():
        for label, count in Counter(each.display_name for each in minted).items():
            if count > 1:
                yield f"{count} secrets were minted for one attempt: {label}"


def _overtaken(counted: Mapping[tuple[str, int], datetime], ours: Mapping[str, list[Minted]]) -> Iterator[str]:
    """
    Name mints that came after the next attempt was counted: two workers at once.

    A lease is longer than any answer takes here, so whoever counts comes after the end of what is under way.
    """
    for ulid, minted in ours.items():
        for each in minted:
            marker = Marker.read(each.display_name)
            next_at = counted.get((ulid, marker.attempt + 1)) if marker else None
            if next_at is not None and each.minted_at > next_at + CLOCKS:
                yield f"rotation {ulid} minted {each.key_id} when the next attempt had begun: two workers at once"


def _two_at_once(
    scene: Scene, counted: Mapping[tuple[str, int], datetime], ours: Mapping[str, list[Minted]]
) -> Iterator[str]:
    """Name mints beside an earlier lost one that the look before them had to see and to remove."""
    lag = timedelta(seconds=scene.weather.read_lag) + MARGIN
    carried = {tags.get(KEY_ID) for _name, _version, tags in _tagged(scene)}
    for ulid, minted in ours.items():
        for late in minted:
            marker = Marker.read(late.display_name)
            looked_at = counted.get((ulid, marker.attempt if marker else 0))
            for early in minted:
                if looked_at is None or early is late or early.key_id in carried:
                    continue
                gone = early.removed_at is not None and early.removed_at <= late.minted_at
                if early.minted_at + lag < looked_at and not gone:
                    yield f"rotation {ulid} minted {late.key_id} beside {early.key_id}, which was lost and listed"


def _counted(now: Ledger) -> Mapping[tuple[str, int], datetime]:
    """Tell when each attempt was counted: its look came later."""
    return {
        (str(event["rotation"]), int(event["attempt"])): event["at"]
        for event in now.events
        if event["what"] == "minting.attempt"
    }


def _tagged(scene: Scene) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    for vault in scene.cloud.vaults.values():
        for name, secret in vault.listed().items():
            for version in secret.versions.values():
                yield f"{vault.name}/{name}", version, version.tags or {}


def _versions(scene: Scene) -> Iterator[str]:
    """Of each rotation at most one key id may count in each name; the same text twice is one (platform.md C)."""
    counting: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, version, tags in _tagged(scene):
        if version.enabled and tags.get(ROTATION) and tags.get(KEY_ID):
            counting[name, tags[ROTATION]].add(tags[KEY_ID])
    for (name, ulid), key_ids in counting.items():
        if len(key_ids) > 1:
            yield f"{len(key_ids)} versions of rotation {ulid} count in {name}"


def _hand_offs(now: Ledger) -> Iterator[str]:
    open_ones: dict[tuple[str, str], int] = defaultdict(int)
    for delivery in now.deliveries:
        if delivery["phase"]["phase"] == "awaiting-person":
            open_ones[ledger.application_of({"id": delivery["rotation"]}), delivery["destination"]] += 1
    for (application, destination), count in open_ones.items():
        if count > 1:
            yield f"{count} hand-offs of {application} to {destination} wait at once"


def _values(scene: Scene) -> Iterator[str]:
    """A receiver may get each rotation's one secret, and no other of that rotation."""
    marked = {each.key_id: each.display_name for each in scene.cloud.entra.truth.minted.values()}
    for hook in scene.cloud.downstream.hooks.values():
        got: dict[str, set[str]] = defaultdict(set)
        for answer in hook.answers.values():
            if marker := Marker.read(marked.get(answer["key_id"])):
                got[marker.ulid].add(answer["key_id"])
        for ulid, key_ids in got.items():
            if len(key_ids) > 1:
                yield f"{hook.holder.name} got {len(key_ids)} different secrets of rotation {ulid}"
