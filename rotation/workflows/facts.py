"""Values as JSON carries them, for `--json` and for HTTP: both tell the same facts."""

from typing import Any

from pydantic_core import to_jsonable_python


def facts(value: object) -> Any:
    """
    Give *value* in JSON's types; field names stay, instants are ISO 8601, spans are ISO 8601 durations.

    What JSON does not know is written as text, which a SecretText refuses.
    """
    return to_jsonable_python(value, timedelta_mode="iso8601", fallback=str)
