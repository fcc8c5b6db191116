"""Restart a systemd unit once, and tell whether it stays up. What was done is read from the unit, not remembered."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused, NotYetVisible
from rotation.integrations.kinds.agent.file_settings import FileSettings
from rotation.integrations.kinds.agent.ssh import Session

ASK_AGAIN = timedelta(seconds=15)
UNDER_WAY = frozenset({"activating", "deactivating", "reloading", "refreshing"})
_PROPERTIES = ("LoadState", "ActiveState", "ActiveEnterTimestampMonotonic")
_MARGIN = 2
"""Seconds by which a file's time, told in whole seconds, may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What systemd says of a unit."""

    loaded: bool
    active: str
    entered: float
    """When it became active, in seconds since the server started; 0: never."""


class Unit:
    """One unit, over one connection."""

    def __init__(self, session: Session, settings: FileSettings) -> None:
        assert settings.service is not None, "who has no unit restarts none"
        self._session = session
        self._settings = settings
        self._name = settings.service

    async def state(self) -> State:
        """Ask; needs no right on the unit."""
        shown = await self._session.run(["systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", self._name])
        if shown.status != 0:
            raise DestinationRefused(f"systemctl cannot be asked there: it ends with {shown.status}")
        told = dict(line.partition("=")[::2] for line in shown.said.splitlines())
        entered = told.get("ActiveEnterTimestampMonotonic", "")
        return State(
            loaded=told.get("LoadState") == "loaded",
            active=told.get("ActiveState", ""),
            entered=int(entered) / 1e6 if entered.isdecimal() else 0.0,
        )

    async def restart(self, *, written_at: int) -> None:
        """
        Restart it unless it became active after the file was written, and see that it stays up.

        Raises:
            NotYetVisible: It is on its way.
            DestinationRefused: It does not stay up (reason `service-failed`).
        """
        before = await self.state()
        if not before.loaded:
            raise DestinationGone(f"there is no unit {self._name}")
        if before.active in UNDER_WAY:
            raise self._on_its_way(before)
        if before.active != "active" or before.entered < await self._written(written_at) + _MARGIN:
            await self._begin(before)
        await self._stays_up()

    async def _written(self, written_at: int) -> float:
        """Tell when the file was written, in seconds since the server started, as the unit's time is told."""
        now = await self._session.run(["date", "+%s"])
        uptime = await self._session.run(["cat", "/proc/uptime"])
        if not now.said.strip().isdecimal() or not uptime.said:
            return float("inf")
        return float(uptime.said.split()[0]) - (int(now.said) - written_at)

    async def _begin(self, before: State) -> None:
        """Restart it; a restart that takes longer than we wait goes on without us."""
        sudo = ("sudo", "-n") if self._settings.sudo else ()
        ended = None
        self._session.changing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.timeout_seconds / 2):
                ended = await self._session.run([*sudo, "systemctl", "restart", "--", self._name], hear=False)
        self._session.changing = False
        after = await self.state()
        if ended is None:
            raise self._on_its_way(after)
        if ended.status != 0 and after == before:
            raise AccessDenied(f"`systemctl restart {self._name}` ends with {ended.status}: may this account do that?")
        if ended.status != 0:
            raise self._failed(after)

    async def _stays_up(self) -> None:
        """Look twice: a program that stops when it has read its settings is up at first."""
        first = await self.state()
        await asyncio.sleep(self._settings.stays_up_seconds)
        second = await self.state()
        if second.active != "active" or second != first:
            raise self._failed(second)

    def _failed(self, state: State) -> DestinationRefused:
        return DestinationRefused(
            f"{self._name} was restarted and does not stay up ({state.active}): see journalctl -u {self._name}",
            reason="service-failed",
        )

    def _on_its_way(self, state: State) -> NotYetVisible:
        return NotYetVisible(f"{self._name} is {state.active}", retry_after=ASK_AGAIN)
