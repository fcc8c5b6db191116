"""
`rotation.yaml`: from text to `rotation.domain.policy.Configuration`, or every problem in it at once.

`source` reads YAML with positions, `model` is its shape, `report` gathers problems, `building` makes the values
that decisions work with, and `references`, `rules`, `timing`, `canary` and `people` check how the parts agree.
`rotation.config.schema` exports the JSON Schema.
"""

from rotation.config.kinds import Kind
from rotation.config.loading import Loaded, load
from rotation.config.overlaps import overlaps
from rotation.config.problem import ConfigurationRefused, Problem

__all__ = ["ConfigurationRefused", "Kind", "Loaded", "Problem", "load", "overlaps"]
