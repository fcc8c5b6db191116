"""What is a rehearsal's, and may be deleted without a question; all else is not."""

import pytest

from rotation.domain.rehearsal import Stage

OURS = Stage("01ARZ3NDEKTSV4RRFFQ69G5FAV")
OTHER = Stage("01ARZ3NDEKTSV4RRFFQ69G5FAW")


def test_name_and_tag_say_the_same_rehearsal() -> None:
    assert OURS.name == "Rotation rehearsal 01ARZ3NDEKTSV4RRFFQ69G5FAV, delete at any time"
    assert Stage.read(OURS.name, ["payroll", OURS.tag]) == OURS


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        (OURS.name, ()),
        (OURS.name, (OTHER.tag,)),
        (OURS.name, ("01ARZ3NDEKTSV4RRFFQ69G5FAV",)),
        ("Payroll", (OURS.tag,)),
        (f"{OURS.name}!", (OURS.tag,)),
        (OURS.name.lower(), (OURS.tag,)),
    ],
)
def test_nothing_else_is_a_rehearsals_application(name: str, tags: tuple[str, ...]) -> None:
    assert Stage.read(name, tags) is None


def test_every_secret_that_it_may_make_is_its_own() -> None:
    assert len(set(OURS.secret_names)) == 4
    assert all(Stage.owns_secret(name) for name in OURS.secret_names)


@pytest.mark.parametrize(
    "name",
    [
        "payroll",
        "rotation-rehearsal-",
        "rotation-rehearsal-payroll",
        f"x{OURS.secret_name}",
        f"{OURS.secret_name}-other",
        OURS.secret_name.upper(),
        OURS.secret_name.removeprefix("rotation-rehearsal-"),
        f"{OURS.secret_name[:-1]}u",
    ],
)
def test_nothing_else_is_a_rehearsals_secret(name: str) -> None:
    assert not Stage.owns_secret(name)
