"""Whose an entry of a weekly pass is: the application that the nightly pass knows by its client id, and its policy."""

from dataclasses import dataclass

from rotation.domain.choosing import Chooser
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import ObjectId
from rotation.domain.policy import Configuration, Policy
from rotation.ports.directory import PassItem
from rotation.workflows.reading.inventory.columns import Columns
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownApplications:
    """The inventory, asked by client id; a pass before the first night has none, and asks the selectors alone."""

    configuration: Configuration
    chooser: Chooser
    columns: Columns | None

    @classmethod
    async def read(cls, services: Services) -> "KnownApplications":
        """
        Read the inventory.

        Raises:
            BrokenInvariant: Its file holds what we do not write (`unreadable-row`).
        """
        configuration = await services.configurations.current()
        try:
            columns = (await services.shelf.inventory(services.snapshots, services.clock)).columns
        except NotFound:
            columns = None
        return cls(configuration=configuration, chooser=Chooser(configuration), columns=columns)

    def find(self, item: PassItem) -> tuple[ObjectId | None, Policy | None]:
        """Give the object id of its registration in this tenant, if there is one, and the policy that speaks of it."""
        place = None if self.columns is None else next(self.columns.client_ids.beginning(item.client_id), None)
        if self.columns is None or place is None:
            return None, self.chooser.choose(ObjectId(item.object_id), item.client_id, item.display_name)
        name = self.columns.policy_words[self.columns.policies[place]]
        return ObjectId(self.columns.object_ids[place]), self.configuration.policy(name) if name else None
