"""Users and groups of a tenant, and who owns which application."""

from random import Random

from sandbox.tenant.draft import Recipe, drawn_object_id
from sandbox.tenant.identity import guid, stream
from sandbox.tenant.model import Json, Owned
from sandbox.tenant.principals import pipeline_count, pipeline_id
from sandbox.tenant.vocabulary import WORDS

_USERS_AT_LEAST = 8


def user_count(recipe: Recipe) -> int:
    return _USERS_AT_LEAST + recipe.applications // 40


def user_id(recipe: Recipe, number: int) -> str:
    return guid(stream(seed=recipe.seed, kind="user", number=number)[:16])


def user(recipe: Recipe, number: int) -> Json:
    """Make user *number*; one in twelve has left (disabled), one in ten has no mailbox."""
    rng = Random(int.from_bytes(stream(seed=recipe.seed, kind="user", number=number)[48:]))
    given, surname = rng.choice(WORDS.given_names), rng.choice(WORDS.surnames)
    made = bare_user(
        object_id=user_id(recipe, number), name=f"{given} {surname}", alias=f"user{number}", domain=recipe.domain
    )
    return made | {
        "givenName": given,
        "surname": surname,
        "accountEnabled": number % 12 != 11,
        "mail": None if rng.random() < 0.1 else made["mail"],
        "department": rng.choice(WORDS.departments),
        "jobTitle": rng.choice(WORDS.job_titles),
    }


def bare_user(*, object_id: str, name: str, alias: str, domain: str) -> Json:
    """Make an enabled member whose mail address is its user principal name."""
    return {
        "id": object_id,
        "displayName": name,
        "givenName": None,
        "surname": None,
        "mail": f"{alias}@{domain}",
        "userPrincipalName": f"{alias}@{domain}",
        "accountEnabled": True,
        "userType": "Member",
        "department": None,
        "jobTitle": None,
    }


def group(recipe: Recipe, number: int) -> Json:
    """Make the security group of department *number*."""
    name = WORDS.departments[number]
    alias = name.lower().replace(" ", "-")
    return {
        "id": guid(stream(seed=recipe.seed, kind="group", number=number)[:16]),
        "displayName": name,
        "description": f"Everybody in {name}",
        "groupTypes": [],
        "mail": f"{alias}@{recipe.domain}",
        "mailEnabled": True,
        "mailNickname": alias,
        "securityEnabled": True,
    }


def owners_row(recipe: Recipe, number: int) -> Owned | None:
    """Draw who owns application *number*; None where nobody does."""
    rng = Random(int.from_bytes(stream(seed=recipe.seed, kind="owners", number=number)[48:]))
    owners = list(dict.fromkeys(_owners(rng, recipe, number)))
    return (drawn_object_id(recipe.seed, number), owners) if owners else None


def _owners(rng: Random, recipe: Recipe, number: int) -> list[str]:
    """The first four applications show the four cases; the others are drawn."""
    case = (0.0, 0.4, 0.9, 0.99)[number] if number < 4 else rng.random()
    if case < 0.35:
        return []
    if case < 0.80:
        return [_drawn_user(rng, recipe)]
    if case < 0.92:
        return [_drawn_user(rng, recipe) for _ in range(rng.randint(2, 3))]
    return [pipeline_id(recipe, rng.randrange(pipeline_count(recipe)))]


def _drawn_user(rng: Random, recipe: Recipe) -> str:
    return user_id(recipe, rng.randrange(user_count(recipe)))
