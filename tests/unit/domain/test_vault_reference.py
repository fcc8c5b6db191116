"""Where a reference to a vault secret leads."""

import pytest

from rotation.domain.vault_reference import VaultPlace

HOME = "https://home.vault.example"


@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_leads_to_its_own_vault(end: str) -> None:
    place = VaultPlace.read(f"https://other.vault.example:8443/secrets/Hook-key1{end}", home=HOME)
    assert place == VaultPlace(vault_url="https://other.vault.example:8443", name="Hook-key1")
    assert place.host == "other.vault.example:8443"


@pytest.mark.parametrize(
    "name", ["hook-key", "https://other.vault.example/keys/hook-key", "http://x.example/secrets/a"]
)
def test_everything_else_is_a_name_in_our_own(name: str) -> None:
    assert VaultPlace.read(name, home=HOME) == VaultPlace(vault_url=HOME, name=name)
