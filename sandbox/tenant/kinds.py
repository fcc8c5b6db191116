"""What credentials an application of the random mass has, and how often each is met."""

from enum import Enum
from itertools import accumulate
from random import Random


class Kind(Enum):
    """One way in which an application of a real tenant signs in, or used to."""

    PLAIN = "one secret"
    NONE = "no credential at all"
    SEVERAL = "two to five secrets, some of them over"
    LONG_EXPIRED = "expired for years"
    NEVER = "a secret that never ends (2299)"
    CERTIFICATE = "certificates only"
    BOTH = "a secret and a certificate"
    SAML = "SAML signing certificates on its service principal"
    FEDERATED = "federated credentials"
    PERSONAL = "personal-account audience, at most two secrets"
    OLD_PORTAL = "description kept in customKeyIdentifier by the old portal"
    ON_PRINCIPAL = "a client secret that sits on the service principal"
    CROWDED = "60 credentials"


SPECIMENS = tuple(Kind)
"""The first applications of every tenant are one of each, so that small ones have them all."""

_WEIGHTS = {
    Kind.PLAIN: 34_000,
    Kind.NONE: 22_000,
    Kind.SEVERAL: 14_000,
    Kind.LONG_EXPIRED: 11_980,
    Kind.NEVER: 4_000,
    Kind.CERTIFICATE: 3_500,
    Kind.BOTH: 2_000,
    Kind.SAML: 2_500,
    Kind.FEDERATED: 2_000,
    Kind.PERSONAL: 1_500,
    Kind.OLD_PORTAL: 2_000,
    Kind.ON_PRINCIPAL: 500,
    Kind.CROWDED: 20,
}
_KINDS = tuple(_WEIGHTS)
_CUMULATIVE = tuple(accumulate(_WEIGHTS.values()))


def kind_of(rng: Random, number: int) -> Kind:
    """Draw the kind of application *number*; the first ones are SPECIMENS in order."""
    drawn = rng.choices(_KINDS, cum_weights=_CUMULATIVE)[0]
    return SPECIMENS[number] if number < len(SPECIMENS) else drawn
