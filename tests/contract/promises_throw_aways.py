"""What ThrowAways promises: what bears both marks goes, and nothing else ever does."""

from typing import Protocol

import pytest

from rotation.domain.errors import Refused
from rotation.domain.identifiers import ObjectId
from rotation.domain.rehearsal import Stage
from rotation.domain.secret import SecretText
from rotation.ports.throw_aways import ThrowAway, ThrowAways
from rotation.ports.vault import NewVersion, Vault

STAGE = Stage("01ARZ3NDEKTSV4RRFFQ69G5FAV")
OTHER = Stage("01ARZ3NDEKTSV4RRFFQ69G5FAW")


class Tenant(Protocol):
    """What others do in the tenant."""

    def named(self, name: str, *tags: str) -> ObjectId:
        """Register an application of that name and these tags."""
        ...

    def is_there(self, object_id: ObjectId) -> bool: ...


class ThrowAwaysPromises:
    async def test_what_was_made_bears_both_marks_and_is_found_by_them(
        self, throw_aways: ThrowAways, tenant: Tenant
    ) -> None:
        made = await throw_aways.make(STAGE)
        assert Stage.read(made.display_name, made.tags) == STAGE
        assert ThrowAway(object_id=made.object_id, stage=STAGE) in await throw_aways.find()
        await throw_aways.delete(ThrowAway(object_id=made.object_id, stage=STAGE))
        assert not tenant.is_there(made.object_id)
        await throw_aways.delete(ThrowAway(object_id=made.object_id, stage=STAGE))

    async def test_what_bears_one_mark_alone_is_not_found_and_not_deleted(
        self, throw_aways: ThrowAways, tenant: Tenant
    ) -> None:
        others = [
            tenant.named(STAGE.name),
            tenant.named("Payroll", STAGE.tag),
            tenant.named(STAGE.name, OTHER.tag),
            tenant.named(f"{STAGE.name} copy", STAGE.tag),
        ]
        found = {each.object_id for each in await throw_aways.find()}
        for object_id in others:
            assert object_id not in found
            with pytest.raises(Refused):
                await throw_aways.delete(ThrowAway(object_id=object_id, stage=STAGE))
            assert tenant.is_there(object_id)

    async def test_only_a_rehearsals_secret_is_deleted(self, throw_aways: ThrowAways, vault: Vault) -> None:
        for name in ("payroll", "rotation-rehearsal-", f"{STAGE.secret_name}-else", "rotation-rehearsal-x"):
            with pytest.raises(Refused):
                await throw_aways.delete_secret(vault.url, name)
        text = SecretText("a rehearsal's")
        await vault.write("payroll", NewVersion(text=text, tags={}))
        for name in STAGE.secret_names:
            await vault.write(name, NewVersion(text=text, tags={}))
            await throw_aways.delete_secret(vault.url, name)
            await throw_aways.delete_secret(vault.url, name)
        assert await vault.versions("payroll")
