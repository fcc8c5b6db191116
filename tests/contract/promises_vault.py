"""What Vault promises."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from rotation.domain.errors import NotFound, VaultRefused
from rotation.domain.identifiers import SecretVersion
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion, Vault

END = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)

type Act = Callable[[str], None]
"""What somebody else does to a name."""


def version(text: str, **tags: str) -> NewVersion:
    return NewVersion(text=SecretText(text), tags=tags, expires_at=END)


class VaultPromises:
    @pytest.fixture
    def name(self) -> str:
        """A name that was never used."""
        return f"entra-{uuid4()}-default"

    async def test_a_name_that_was_never_used_has_no_versions(self, vault: Vault, name: str) -> None:
        assert list(await vault.versions(name)) == []

    async def test_a_version_bears_what_was_written(self, vault: Vault, name: str) -> None:
        made = await vault.write(name, version("one", rotation="r1", attempt="1"))
        [found] = await vault.versions(name)
        assert (found.version, found.enabled, found.expires_at) == (made, True, END)
        assert found.tags == {"rotation": "r1", "attempt": "1"}
        assert found.created_at.tzinfo is not None
        assert (await vault.read(name, made)).reveal() == "one"

    async def test_versions_keep_their_own_tags_and_texts(self, vault: Vault, name: str) -> None:
        first = await vault.write(name, version("one", rotation="r1"))
        second = await vault.write(name, NewVersion(text=SecretText("two"), tags={}))
        found = {one.version: one for one in await vault.versions(name)}
        assert set(found) == {first, second}
        assert (found[first].tags, found[second].tags) == ({"rotation": "r1"}, {})
        assert (found[first].expires_at, found[second].expires_at) == (END, None)
        assert [(await vault.read(name, each)).reveal() for each in (first, second)] == ["one", "two"]

    async def test_the_same_text_twice_is_two_versions(self, vault: Vault, name: str) -> None:
        assert await vault.write(name, version("one")) != await vault.write(name, version("one"))
        assert len(await vault.versions(name)) == 2

    async def test_versions_come_oldest_first(self, vault: Vault, name: str) -> None:
        for text in ("one", "two", "three"):
            await vault.write(name, version(text))
        times = [one.created_at for one in await vault.versions(name)]
        assert times == sorted(times)

    async def test_a_disabled_version_is_listed_and_not_read(self, vault: Vault, name: str) -> None:
        made = await vault.write(name, version("one", rotation="r1"))
        await vault.disable(name, made)
        await vault.disable(name, made)
        [found] = await vault.versions(name)
        assert (found.enabled, found.tags) == (False, {"rotation": "r1"})
        with pytest.raises(NotFound):
            await vault.read(name, made)

    async def test_one_may_be_born_disabled(self, vault: Vault, name: str) -> None:
        made = await vault.write(name, NewVersion(text=SecretText("reserved"), tags={"attempt": "1"}, enabled=False))
        [found] = await vault.versions(name)
        assert not found.enabled
        with pytest.raises(NotFound):
            await vault.read(name, made)

    async def test_what_is_not_there_is_not_found(self, vault: Vault, name: str) -> None:
        with pytest.raises(NotFound):
            await vault.read(name, SecretVersion("0" * 32))
        await vault.write(name, version("one"))
        with pytest.raises(NotFound):
            await vault.read(name, SecretVersion("0" * 32))
        with pytest.raises(NotFound):
            await vault.disable(name, SecretVersion("0" * 32))

    async def test_every_secret_is_named_with_the_tags_of_its_latest_version(
        self, vault: Vault, soft_delete: Act, name: str
    ) -> None:
        """A disabled one too; one that is soft-deleted is not among them."""
        await vault.write(name, version("one", rotation="r1"))
        await vault.write(name, NewVersion(text=SecretText("two"), tags={"rotation": "r2"}, enabled=False))
        bare, gone = f"{name}-bare", f"{name}-gone"
        await vault.write(bare, NewVersion(text=SecretText("three"), tags={}))
        await vault.write(gone, version("four"))
        soft_delete(gone)
        found = {one.name: dict(one.tags) for one in await vault.secrets() if one.name.startswith(name)}
        assert found == {name: {"rotation": "r2"}, bare: {}}

    async def test_a_soft_deleted_name_is_no_answer(self, vault: Vault, soft_delete: Act, name: str) -> None:
        made = await vault.write(name, version("one"))
        soft_delete(name)
        with pytest.raises(VaultRefused) as listed:
            await vault.versions(name)
        with pytest.raises(VaultRefused) as written:
            await vault.write(name, version("two"))
        with pytest.raises(VaultRefused) as read:
            await vault.read(name, made)
        with pytest.raises(VaultRefused) as disabled:
            await vault.disable(name, made)
        reasons = {caught.value.reason for caught in (listed, written, read, disabled)}
        assert reasons == {"vault-name-deleted"}

    async def test_a_vault_that_says_no_is_refused(self, vault: Vault, refuse: Act, name: str) -> None:
        made = await vault.write(name, version("one"))
        refuse(name)
        for act in (
            lambda: vault.versions(name),
            lambda: vault.write(name, version("two")),
            lambda: vault.read(name, made),
            lambda: vault.disable(name, made),
        ):
            with pytest.raises(VaultRefused) as caught:
                await act()
            assert caught.value.reason == "vault-refused"
