"""Texts that connections and destinations have in common."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from rotation.domain.identifiers import is_guid

_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,127}|https://[^/\s?#@]+/secrets/[0-9A-Za-z-]{1,127}/?")


def _reference(text: str) -> str:
    if _REFERENCE.fullmatch(text) is None:
        raise ValueError("name a secret of our own vault, or https://<vault>/secrets/<name>; never the secret itself")
    return text


def _guid(text: str) -> str:
    if not is_guid(text):
        raise ValueError("is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e")
    return text.lower()


type Reference = Annotated[str, AfterValidator(_reference)]
type Guid = Annotated[str, AfterValidator(_guid)]
type Word = Annotated[str, Field(min_length=1, max_length=200)]
