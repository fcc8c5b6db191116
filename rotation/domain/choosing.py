"""Choose the policy of each of very many applications, as `Configuration.policy_for` does for one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate

from rotation.domain.identifiers import ClientId, ObjectId
from rotation.domain.policy import Configuration, Policy

_ANY = re.compile("")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loose:
    """What a policy selects by besides ids, where there is anything."""

    policy: Policy
    names: re.Pattern[str] | None
    tags: frozenset[str]
    owners: frozenset[str]

    @classmethod
    def of(cls, policy: Policy) -> "_Loose | None":
        selector = policy.selector
        globs = "|".join(translate(glob.casefold()) for glob in selector.names)
        names = _ANY if selector.everything else re.compile(globs) if globs else None
        if names is None and not selector.tags and not selector.owners:
            return None
        return cls(policy=policy, names=names, tags=selector.tags, owners=selector.owners)


def _together(loose: Iterable[_Loose]) -> re.Pattern[str] | None:
    """Give one pattern for every name that some policy selects by: most applications match none."""
    patterns = [each.names.pattern for each in loose if each.names is not None and each.names is not _ANY]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


class Chooser:
    """One configuration, ready to be asked a hundred thousand times."""

    def __init__(self, configuration: Configuration) -> None:
        self._by_object: dict[ObjectId, Policy] = {}
        self._by_client: dict[ClientId, Policy] = {}
        for policy in configuration.policies:
            for object_id in policy.selector.object_ids:
                self._by_object.setdefault(object_id, policy)
            for client_id in policy.selector.client_ids:
                self._by_client.setdefault(client_id, policy)
        self._loose = [loose for policy in configuration.policies if (loose := _Loose.of(policy)) is not None]
        self._rest = next((loose.policy for loose in self._loose if loose.policy.selector.everything), None)
        """Whose an application is that no name, tag or owner gives to another."""
        self._named = _together(self._loose)
        self._tags = frozenset[str]().union(*(loose.tags for loose in self._loose))
        self._owners = frozenset[str]().union(*(loose.owners for loose in self._loose))

    def choose(
        self,
        object_id: ObjectId,
        client_id: ClientId,
        display_name: str,
        *,
        tags: Sequence[str] = (),
        owners: Sequence[str] = (),
    ) -> Policy | None:
        """Give the policy that names it by an id, or else the first that selects it by what others can change."""
        exact = self._by_object.get(object_id) or self._by_client.get(client_id)
        if exact is not None:
            return exact
        name = display_name.casefold()
        if (
            (self._named is None or not self._named.match(name))
            and (not tags or self._tags.isdisjoint(tags))
            and not (owners and self._owners)
        ):
            return self._rest
        for loose in self._loose:
            if (
                (loose.names is not None and loose.names.match(name))
                or (loose.tags and not loose.tags.isdisjoint(tags))
                or (loose.owners and not loose.owners.isdisjoint(owner.casefold() for owner in owners))
            ):
                return loose.policy
        return None
