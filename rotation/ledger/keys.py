"""Names of tables and keys of rows (protocol.md, Ledger)."""

import hashlib
from datetime import date, datetime
from functools import lru_cache
from urllib.parse import quote

from rotation.domain.identifiers import DestinationName, KeyId, LineId, LineName, ObjectId, RotationId

ROTATIONS = "rotations"
LINES = "lines"
VAULT_NAMES = "vaultnames"
WAKES = "wakes"
LEASES = "leases"
EXPIRIES = "expiries"
REMINDERS = "reminders"
NOTICES = "notices"
SCANS = "scans"
CONTROL = "control"
ONCE = "once"

TABLES = (ROTATIONS, LINES, VAULT_NAMES, WAKES, LEASES, EXPIRIES, REMINDERS, NOTICES, SCANS, CONTROL, ONCE)

QUEUE_SCANS = "scans"
QUEUE_ROTATIONS = "rotations"
QUEUE_DELIVERIES = "deliveries"
QUEUE_NOTICES = "notices"
QUEUES = (QUEUE_SCANS, QUEUE_ROTATIONS, QUEUE_DELIVERIES, QUEUE_NOTICES)


def poison_of(queue: str) -> str:
    """Give the queue to which the host moves what it gave up on (platform.md D2)."""
    return f"{queue}-poison"


LIVE = "a|"
LEASE = "a|lease"


def foreign(text: str) -> str:
    """Make a key part of text that others wrote: percent-encoded with % as =, cut to 200 characters."""
    return quote(text, safe="").replace("%", "=")[:200]


def shard(application: ObjectId) -> str:
    """Give the partition of `lines` and `wakes`: the first hexadecimal digit of the object id."""
    return application[0]


def line(name: LineName) -> str:
    """Key of a line's truth."""
    return f"a|line|{name}"


def rebuilt(name: LineName) -> str:
    """Key of what is known of a line after the ledger was lost."""
    return f"a|rebuilt|{name}"


def reissue(name: LineName) -> str:
    """Key of the word that a line's secret is minted again."""
    return f"a|reissue|{name}"


def rotation(ulid: str) -> str:
    """Key of a rotation."""
    return f"a|rotation|{ulid}"


def delivery(ulid: str, destination: DestinationName) -> str:
    """Key of a delivery."""
    return f"a|delivery|{ulid}|{destination}"


def holding(name: LineName, destination: DestinationName) -> str:
    """Key of what a destination of a line holds; its row is the lease of deliveries there."""
    return f"a|destination|{name}|{destination}"


def use(key_id: KeyId) -> str:
    """Key of what is known of a key id's use."""
    return f"a|use|{key_id}"


def outbox(ulid: str, number: str) -> str:
    """Key of a notice that was saved with the record of a rotation."""
    return f"a|outbox|{ulid}.{number}"


def event(at: datetime, ulid: str) -> str:
    """Key of a line of history; they sort by time, after live rows."""
    return f"z|event|{at:%Y%m%dT%H%M%S.%f}.{ulid}"


def ends(kinds: str) -> str:
    """Key in `control` of how many ends each day has, as the last complete pass of these kinds found."""
    return f"ends|{kinds}"


def prints(kinds: str) -> str:
    """Partition of `control` with the prints of each week's rows of these kinds; its keys are the weeks."""
    return f"prints|{kinds}"


def line_index(line_id: LineId) -> str:
    """Key of a line in the index."""
    return str(line_id)


def rotation_wake(rotation_id: RotationId) -> str:
    """Key of a rotation's wake."""
    return f"{rotation_id.application}|{rotation_id.ulid}"


def delivery_wake(rotation_id: RotationId, destination: DestinationName) -> str:
    """Key of a delivery's wake."""
    return f"{rotation_id.application}|{rotation_id.ulid}|{destination}"


def resource(address: str) -> str:
    """Key of the lease on what destinations write whole: a hash, for addresses hold characters that keys may not."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:32]


def week(at: datetime) -> str:
    """Partition of `expiries`: ISO week of the end."""
    return _week(at.date())


@lru_cache(maxsize=2_000)
def _week(day: date) -> str:
    year, number, _day = day.isocalendar()
    return f"{year:04}-W{number:02}"
