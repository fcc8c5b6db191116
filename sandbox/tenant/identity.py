"""
Ids and randomness that follow from a seed alone, whatever was asked before.

Every object has a *stream*: 64 bytes hashed from seed, kind and number. So the
hundred-thousandth application can be made without the others, and twice alike.
"""

from hashlib import blake2b
from random import Random


def guid(source: bytes) -> str:
    """Shape 16 bytes as a version 4 GUID."""
    text = source.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def stream(*, seed: int, kind: str, number: int) -> bytes:
    """Return the 64 bytes from which the ids and the draws of one object follow."""
    return blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=64).digest()


def named_guid(name: str) -> str:
    """Return the GUID that always belongs to *name*."""
    return guid(blake2b(name.encode(), digest_size=16).digest())


def drawn_guid(rng: Random) -> str:
    return guid(rng.getrandbits(128).to_bytes(16))
