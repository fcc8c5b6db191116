"""The sign-in service, asked one question: does this secret open the door?"""

from dataclasses import dataclass
from typing import Protocol

from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText


@dataclass(frozen=True, slots=True)
class Accepted:
    """The secret signs in."""


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The service does not take the secret (AADSTS7000215: wrong, or not yet replicated; 7000222: expired)."""

    code: int


@dataclass(frozen=True, slots=True)
class Unprovable:
    """No answer about the secret can be had: the application itself may not sign in here."""

    code: int


type SignInAnswer = Accepted | NotAccepted | Unprovable


class SignIn(Protocol):
    """Each call uses a fresh credential object and connection: tokens are cached by client id (platform.md B2)."""

    async def prove(self, client_id: ClientId, text: SecretText) -> SignInAnswer:
        """
        Sign in once by client credentials.

        Raises:
            Retryable: The service did not answer the question.
        """
        ...
