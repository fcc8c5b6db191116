"""Cancel what a rotation has not delivered, without If-Match: a worker under way then fails its write."""

from dataclasses import replace
from datetime import datetime

from rotation.domain.delivery import Cancelled
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord, delivery_columns
from rotation.ports.tables import Change, Upsert


def cancelled_deliveries(record: ApplicationRecord, ulid: str, *, why: str, now: datetime) -> list[Change]:
    """Give the changes that end every open delivery of one rotation."""
    return [
        Upsert(
            key=keys.delivery(ulid, name),
            values=delivery_columns(replace(stored.delivery, phase=Cancelled(why=why, at=now), since=now)),
        )
        for name, stored in record.deliveries_of(ulid).items()
        if not stored.delivery.ended
    ]
