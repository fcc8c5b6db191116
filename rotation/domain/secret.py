"""Hold secret text so that it cannot slip out by accident (protocol.md, invariant 6)."""

import hmac
from typing import Never, final

from rotation.domain.identifiers import is_guid


@final
class SecretText:
    """
    The value itself. `reveal()` is the only way in.

    It refuses `str`, `format`, pickling and JSON; `repr` shows a mask, so that a traceback or a debugger that
    prints it neither leaks nor fails. Comparison takes constant time.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("a secret text is never empty")
        self.__text = text

    def reveal(self) -> str:
        """Give the value. Callers are the vault, the sign-in proof and destinations, and nobody else."""
        return self.__text

    def begins_with(self, hint: str) -> bool:
        """Tell whether its first characters are those that the directory tells of a secret (platform.md A2)."""
        return self.__text.startswith(hint)

    @property
    def looks_like_an_id(self) -> bool:
        """Tell whether somebody copied the Secret ID instead of the Value (integrations.md A2)."""
        return is_guid(self.__text.strip())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.__text.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a leak that somebody would log

    def __repr__(self) -> str:
        return "<secret text>"

    def __str__(self) -> Never:
        raise TypeError("secret text is not for printing; reveal() it where it is used")

    def __format__(self, _spec: str) -> Never:
        raise TypeError("secret text is not for formatting; reveal() it where it is used")

    def __reduce_ex__(self, _protocol: object) -> Never:
        raise TypeError("secret text cannot be pickled or copied")
