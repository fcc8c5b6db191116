"""What a line's tags still tell: which secret counts, which never did, which waits to go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rotation.domain.identifiers import ClientId, KeyId, LineId, LineName, ObjectId, SecretVersion
from rotation.domain.rebuilt import RebuiltLine, TaggedSecret

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def secret(number: int, *, staged: bool = False, listed: bool = True) -> TaggedSecret:
    return TaggedSecret(
        rotation="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        attempt=1,
        key_id=KeyId(f"e0000000-0000-4000-8000-{number:012}"),
        end_at=NOW + timedelta(days=90),
        written_at=NOW + timedelta(hours=number),
        version=SecretVersion(f"{number:032}"),
        staged=staged,
        listed=listed,
    )


def line(*secrets: TaggedSecret) -> RebuiltLine:
    return RebuiltLine(
        id=LineId(ObjectId("a0000000-0000-4000-8000-000000000001"), LineName("default")),
        client_id=ClientId("c0000000-0000-4000-8000-000000000001"),
        display_name="Payroll",
        vault_url="https://vault.example",
        secret_name="payroll",
        secrets=secrets,
    )


def test_the_one_published_last_counts_and_what_was_published_before_waits_to_go() -> None:
    older, latest, staged = secret(1), secret(2), secret(3, staged=True)
    seen = line(older, latest, staged)
    assert (seen.latest, seen.current) == (latest, latest)
    assert (seen.overlapping, seen.unpublished) == ((older,), (staged,))


def test_what_the_directory_does_not_list_is_nobodys_current() -> None:
    older, gone, lost = secret(1), secret(2, listed=False), secret(3, staged=True, listed=False)
    seen = line(older, gone, lost)
    assert (seen.latest, seen.current) == (gone, None)
    assert (seen.overlapping, seen.unpublished) == ((older,), ())
    assert line(lost).latest is None
    assert line(lost).current is None


def test_a_secret_is_found_by_its_key_id() -> None:
    first, second = secret(1), secret(2)
    assert line(first, second).secret(second.key_id) == second
    assert replace(line(first)).secret(second.key_id) is None
