"""Look up what a pydantic model allows at a path of one of its findings."""

from collections.abc import Iterator
from typing import Literal, TypeAliasType, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from rotation.config.problem import Path


def owner_of(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """
    Find the model that a path within *model* leads to; None where it leads to no mapping that is known.

    Pydantic writes the tag of an alternative into the path where the model is one of several.
    """
    current: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int):
            continue
        if current is None:
            return None
        field = fields_of(current).get(step)
        current = next(_models(field.annotation), None) if field else _alternative(current, step)
    return current


def known_keys(model: type[BaseModel] | None) -> list[str]:
    """Name the keys of a mapping as the file writes them."""
    return sorted(fields_of(model)) if model else []


def meaning(model: type[BaseModel], path: Path) -> str:
    """Give the description of the key that a path ends in."""
    owner = owner_of(model, path[:-1])
    field = fields_of(owner).get(str(path[-1])) if owner else None
    return (field.description or "") if field else ""


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give a model's fields under the names that the file uses."""
    if issubclass(model, RootModel):
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _alternative(model: type[BaseModel], tag: str) -> type[BaseModel] | None:
    if not issubclass(model, RootModel):
        return None
    for each in _models(model.model_fields["root"].annotation):
        words = [word for field in each.model_fields.values() for word in _literals(field.annotation)]
        if tag in words:
            return each
    return None


def _literals(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, TypeAliasType):
        yield from _models(annotation.__value__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
