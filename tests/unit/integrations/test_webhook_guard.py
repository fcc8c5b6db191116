from ipaddress import ip_address

import pytest

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.integrations.outbound.guard import may_reach, resolve

PUBLIC = ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"]
INSIDE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.1.2.3",
    "64:ff9b::10.1.2.3",
    "2002:0a01:0203::1",
]
NEVER = [
    "169.254.169.254",
    "169.254.1.1",
    "168.63.129.16",
    "fd00:ec2::254",
    "fe80::1",
    "0.0.0.0",  # noqa: S104  # nothing is bound here
    "::",
    "224.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "100.100.100.200",
    "192.0.0.192",
    "::ffff:192.0.0.192",
    "::127.0.0.1",
    "::8.8.8.8",
    "::169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "fec0::1",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2001:0:a9fe:a9fe::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reached_either_way(text: str) -> None:
    assert may_reach(ip_address(text), private_network=False)
    assert may_reach(ip_address(text), private_network=True)


@pytest.mark.parametrize("text", INSIDE)
def test_inside_addresses_are_reached_only_when_the_settings_say_so(text: str) -> None:
    assert not may_reach(ip_address(text), private_network=False)
    assert may_reach(ip_address(text), private_network=True)


@pytest.mark.parametrize("text", NEVER)
def test_metadata_link_local_and_disguised_addresses_are_never_reached(text: str) -> None:
    assert not may_reach(ip_address(text), private_network=False)
    assert not may_reach(ip_address(text), private_network=True)


async def test_a_name_that_leads_inside_is_refused() -> None:
    with pytest.raises(DestinationRefused, match="private_network") as refused:
        await resolve("localhost", 443, private_network=False)
    assert refused.value.reason == "address-not-allowed"


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "127.1"])
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(DestinationRefused):
        await resolve(host, 443, private_network=False)


async def test_what_may_be_reached_is_given_as_addresses() -> None:
    assert ip_address("127.0.0.1") in await resolve("localhost", 443, private_network=True)


async def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(Unavailable):
        await resolve("nowhere.invalid", 443, private_network=False)


@pytest.mark.parametrize("host", ["a..b.example", ".example", f"{'a' * 64}.example", "a\0b.example"])
async def test_what_no_resolver_can_be_asked_for_is_no_host(host: str) -> None:
    with pytest.raises(DestinationRefused, match="is no host name"):
        await resolve(host, 443, private_network=False)
