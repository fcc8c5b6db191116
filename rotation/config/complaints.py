"""Say pydantic's findings in our own words: what, allowed, meant."""

import re

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from rotation.config.faults import FAULT, shown
from rotation.config.problem import Path, Wrong, nearest
from rotation.config.shapes import known_keys, meaning, owner_of
from rotation.config.source import described


def complaint(error: ErrorDetails, model: type[BaseModel]) -> Wrong:
    """
    Word one finding about *model*.

    The value itself is shown only where our own readers do it and where it is one of a few words: an integration's
    settings may hold something that nobody should read in a log.
    """
    path = error["loc"]
    match error["type"]:
        case kind if kind == FAULT:
            return Wrong(**error.get("ctx", {"what": error["msg"]}))
        case "extra_forbidden":
            known = known_keys(owner_of(model, path[:-1]))
            return Wrong(what="unknown key", allowed=", ".join(known), meant=nearest(str(path[-1]), known))
        case "missing":
            return Wrong(what="is missing", allowed=meaning(model, path))
        case "model_type" | "model_attributes_type" | "dict_type":
            known = known_keys(owner_of(model, path))
            allowed = f"a mapping of {', '.join(known)}" if known else "a mapping"
            return Wrong(what=f"is {described(error['input'])}, not a mapping", allowed=allowed)
        case "list_type" | "tuple_type" | "set_type" | "frozen_set_type":
            return _no_list(error["input"])
        case "literal_error" | "enum" | "union_tag_invalid":
            return _no_word(error)
        case "union_tag_not_found":
            return Wrong(what="is missing")
        case _:
            return Wrong(what=_plainly(error["msg"]))


def steps_of(error: ErrorDetails) -> Path:
    """Give the path of a finding; one about the choice between alternatives is about the key that chooses."""
    chooser = error.get("ctx", {}).get("discriminator") if error["type"].startswith("union_tag") else None
    return (*error["loc"], str(chooser).strip("'")) if chooser else error["loc"]


def _no_list(value: object) -> Wrong:
    meant = f"[{value}]" if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return Wrong(what=f"is {described(value)}, not a list", allowed="a list such as [one, two]", meant=meant)


def _no_word(error: ErrorDetails) -> Wrong:
    context = error.get("ctx", {})
    words = re.findall(r"'([^']*)'", str(context.get("expected") or context.get("expected_tags", "")))
    given = context.get("tag", error["input"])
    meant = nearest(given, words) if isinstance(given, str) else ""
    return Wrong(what=f"{shown(given)} is not known here", allowed=", ".join(words), meant=meant)


def _plainly(message: str) -> str:
    for start, instead in (("Value error, ", ""), ("Assertion failed, ", ""), ("Input should", "should")):
        if message.startswith(start):
            return instead + message[len(start) :]
    return message[:1].lower() + message[1:]
