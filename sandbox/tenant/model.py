"""
A tenant as a value: everything that the sandbox's Entra is filled with.

Objects are plain dicts in Graph's JSON shape, because that is what they become
on the wire; members with Graph's default value may be left out, so that 100,000
applications stay small. Large collections are re-iterable and lazy: nothing is made before
somebody walks through it, and every walk yields fresh dicts that may be changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

type Json = dict[str, Any]
type Owned = tuple[str, list[str]]
"""An application's object id, and the object ids of its owners."""
type Federated = tuple[str, list[Json]]
"""An application's object id, and its federatedIdentityCredentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn[T]:
    """Things made on demand by number; None of a number means that there is none."""

    count: int
    draw: Callable[[int], T | None]

    def __iter__(self) -> Iterator[T]:
        return (made for made in map(self.draw, range(self.count)) if made is not None)


@dataclass(frozen=True, slots=True)
class Copied[T]:
    """Things that are there already; every walk yields copies of them."""

    originals: Sequence[T]

    def __iter__(self) -> Iterator[T]:
        return map(deepcopy, self.originals)


@dataclass(frozen=True, slots=True)
class Chained[T]:
    """Several re-iterables, one after the other, as often as asked."""

    parts: tuple[Iterable[T], ...]

    def __iter__(self) -> Iterator[T]:
        return (item for part in self.parts for item in part)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPolicy:
    """An appManagementPolicy, and the object ids of the applications that it is assigned to."""

    policy: Json
    applications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """App management policies (platform.md A4): the tenant's default, None for Entra's own, and others."""

    default: Json | None = None
    assigned: tuple[AssignedPolicy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The collections that grow with the tenant; each may be walked any number of times."""

    applications: Iterable[Json] = ()
    service_principals: Iterable[Json] = ()
    owners: Iterable[Owned] = ()
    federated: Iterable[Federated] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """
    One directory.

    A passwordCredential may carry `secretText`: then the sandbox lets it sign
    in, and never shows the text again. Without it nobody knows the secret.

    Attributes:
        group_members: Object ids of members by object id of the group.
        remarks: What a person should know about where this tenant comes from.
    """

    tenant_id: str
    display_name: str
    default_domain: str
    users: Sequence[Json] = ()
    groups: Sequence[Json] = ()
    group_members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    rows: Rows = field(default_factory=Rows)
    remarks: tuple[str, ...] = ()

    def applications(self) -> Iterator[Json]:
        return iter(self.rows.applications)

    def service_principals(self) -> Iterator[Json]:
        return iter(self.rows.service_principals)

    def owners(self) -> Iterator[Owned]:
        """Yield each application that has owners; those that nobody owns are left out."""
        return iter(self.rows.owners)

    def federated_credentials(self) -> Iterator[Federated]:
        """Yield each application that has federated credentials."""
        return iter(self.rows.federated)
