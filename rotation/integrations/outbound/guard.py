"""Resolve a host and refuse addresses that no delivery has business with (server-side request forgery)."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.integrations.outbound.addresses import host_name

type Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(text) for text in ("168.63.129.16", "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
"""Azure's wire server, whose address is a public one, and the clouds' metadata services."""

NAT64 = IPv6Network("64:ff9b::/96")
DISGUISED = tuple(map(IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "fec0::/10")))
"""Compatible and translated IPv4, NAT64 of somebody's own, Teredo, and site-local: what they reach is not told."""
SHARED = ip_network("100.64.0.0/10")
"""Carrier-grade NAT: neither private nor global by its registry entry."""


def plain(address: Address) -> Address:
    """Unwrap an IPv4 address that travels inside an IPv6 one, so that it is judged as what it reaches."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def may_reach(address: Address, *, private_network: bool) -> bool:
    """Tell whether *address* may be told."""
    bare = plain(address)
    if bare in METADATA or bare.is_link_local or bare.is_multicast or bare.is_unspecified:
        return False
    if not bare.is_loopback and any(bare in network for network in DISGUISED):
        return False
    inside = bare.is_private or bare.is_loopback or bare in SHARED
    return (inside and private_network) or (bare.is_global and not inside)


async def resolve(host: str, port: int, *, private_network: bool) -> tuple[Address, ...]:
    """
    Give the host's addresses; who connects uses these and does not ask again, so that no second answer slips in.

    Raises:
        DestinationRefused: One of them may not be reached, or it is no host name.
        Unavailable: The name does not resolve now.
    """
    try:
        host_name(host)
    except ValueError as error:
        raise DestinationRefused(str(error), host=host) from None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"{host} does not resolve", host=host) from error
    addresses = tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    refused = [address for address in addresses if not may_reach(address, private_network=private_network)]
    if refused:
        raise DestinationRefused(
            f"{host} resolves to {refused[0]}, which is not delivered to; "
            "`private_network: true` permits private addresses, never metadata ones",
            reason="address-not-allowed",
            host=host,
        )
    return addresses
