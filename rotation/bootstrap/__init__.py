"""The composition root: the only room that names concrete adapters."""

from rotation.bootstrap.composition import Composition
from rotation.bootstrap.shared import close_shared, composition, services

__all__ = ["Composition", "close_shared", "composition", "services"]
