"""What a receiver answers when it is asked which secret it holds."""

from contextlib import suppress

from pydantic import BaseModel, ConfigDict, ValidationError

from rotation.domain.delivery import Found, Level, Shipment, Verdict


class _State(BaseModel):
    """What a receiver answers at `verify_url`; it may say more."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    key_id: str
    """Empty: it holds nothing."""
    version: str = ""
    signed_in: bool | None = None
    """None: it has not tried."""


def verdict(body: bytes, shipment: Shipment) -> Verdict:
    """Judge by what it says that it uses; Unknowable where that is not of the agreed form."""
    with suppress(ValidationError):
        return _judged(_State.model_validate_json(body), shipment)
    return Verdict(found=Found.UNKNOWABLE, why="what it answers at `verify_url` is not of the agreed form")


def _judged(state: _State, shipment: Shipment) -> Verdict:
    """A secret that it holds and has not signed in with leaves it on its older one."""
    if not state.key_id:
        return Verdict(found=Found.ABSENT, why="it holds nothing")
    if state.key_id.lower() != shipment.key_id.lower():
        return Verdict(found=Found.OLDER, why=f"it holds key id {state.key_id}")
    if state.version and state.version != shipment.version:
        return Verdict(found=Found.OLDER, why=f"it holds version {state.version}")
    if state.signed_in:
        return Verdict(found=Found.CURRENT, level=Level.AUTHENTICATES, why="it signed in with it")
    tried = "could not sign in with it" if state.signed_in is False else "has not signed in with it yet"
    return Verdict(found=Found.OLDER, why=f"it holds it and {tried}")
