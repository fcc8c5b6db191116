"""Very many short texts and GUIDs in one run of bytes each: a Python object for each would be ten times as large."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

GUID_BYTES = 16
_END = b"\0"
"""Between two texts, so that nothing is found across them."""


class Texts:
    """Texts by place."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._starts = array("I")

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, text: str) -> None:
        """Append one; it may hold anything but a NUL, which is taken out."""
        self._starts.append(len(self._bytes))
        self._bytes += text.encode().replace(_END, b"") + _END

    def raw(self, place: int) -> bytes:
        """Give one as bytes, which sort as its characters do."""
        end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._bytes)
        return bytes(self._bytes[self._starts[place] : end - 1])

    def __getitem__(self, place: int) -> str:
        return self.raw(place).decode()

    def holding(self, part: str) -> Iterator[int]:
        """Give the places of the texts that hold *part*, letter by letter, in order."""
        wanted = part.encode()
        at = self._bytes.find(wanted)
        while at >= 0 and _END not in wanted:
            place = bisect_right(self._starts, at) - 1
            yield place
            if place + 1 == len(self._starts):
                return
            at = self._bytes.find(wanted, self._starts[place + 1])

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self._bytes) + self._starts.itemsize * len(self._starts)


class Guids:
    """GUIDs by place."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // GUID_BYTES

    def add(self, guid: str) -> None:
        """Append one, in the form that Entra prints."""
        self._bytes += bytes.fromhex(guid.replace("-", ""))

    def raw(self, place: int) -> bytes:
        """Give one as sixteen bytes, which sort as its text does."""
        return bytes(self._bytes[place * GUID_BYTES : (place + 1) * GUID_BYTES])

    def __getitem__(self, place: int) -> str:
        return str(UUID(bytes=self.raw(place)))

    def beginning(self, text: str) -> Iterator[int]:
        """Give the places of those whose text, without dashes, begins with so many hexadecimal digits, in order."""
        digits = text.replace("-", "").lower()
        whole = bytes.fromhex(digits[: len(digits) // 2 * 2])
        at = self._bytes.find(whole)
        while at >= 0:
            place, off = divmod(at, GUID_BYTES)
            if off == 0 and self.raw(place).hex().startswith(digits):
                yield place
            at = self._bytes.find(whole, at + 1)

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self._bytes)


class Words[Word]:
    """Few different values, each numbered once."""

    def __init__(self) -> None:
        self._numbers: dict[Word, int] = {}
        self.known: list[Word] = []

    def number(self, word: Word) -> int:
        """Give its number."""
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = len(self.known)
            self.known.append(word)
        return found

    def find(self, word: Word) -> int | None:
        """Give its number where it has one."""
        return self._numbers.get(word)

    def __getitem__(self, number: int) -> Word:
        return self.known[number]
