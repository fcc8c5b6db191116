"""
The environment, read once into frozen settings; every problem is told together.

docs/settings.md lists all of them; a test keeps that table and this room in agreement. Names without `ROTATION_`
are those that Azure Functions and the SDKs read too (platform.md D4).
"""

from rotation.settings.model import DEFAULT_CONFIG, Settings
from rotation.settings.reading import SCHEDULES, read
from rotation.settings.storage import STORAGE, StorageConnection

__all__ = ["DEFAULT_CONFIG", "SCHEDULES", "STORAGE", "Settings", "StorageConnection", "read"]
