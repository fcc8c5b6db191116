"""Keep a secret in a file on a Linux server: look, keep a copy, replace the one value, restart, try."""

from collections.abc import Awaitable, Callable

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationRefused
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.agent.file_settings import FileSettings
from rotation.integrations.kinds.agent.place import FileText, NoPlace, held, put
from rotation.integrations.kinds.agent.remote_file import Beside, RemoteFile
from rotation.integrations.kinds.agent.ssh import Session, Way, ssh_key, visit
from rotation.integrations.kinds.agent.systemd import Unit
from rotation.integrations.services import IntegrationServices


class FileKeeper:
    """One destination whose secret lies in a file."""

    def __init__(self, services: IntegrationServices, settings: FileSettings, to: Destination) -> None:
        self._services = services
        self._settings = settings
        self._beside = Beside(settings.path, to.name)
        self._key = ssh_key(to)

    async def check(self) -> Check:
        """Read the file, find the place, and ask for the unit."""
        return await self._visit(self._check)

    async def deliver(self, shipment: Shipment, text: SecretText) -> Receipt:
        """Replace the one value unless it is there already; what was there is kept beside the file."""

        async def do(session: Session) -> bool:
            async with RemoteFile.at(self._settings.path, session) as file:
                found = await file.read()
                if self._held(found.text) == text:
                    return False
                changed = put(found.text, self._settings.at, text, locate=self._settings.format.locate)
                if isinstance(changed, NoPlace):
                    raise self._refusal(changed)
                part = self._beside.part(shipment)
                await file.back_up(found, self._beside.backup(shipment), part=part)
                await file.replace(found, changed, part=part)
                return True

        written = await self._visit(do)
        reference = f"{self._settings.address}#{self._settings.at}"
        return Receipt(reference=reference, facts={"written": "yes" if written else "was there"})

    async def activate(self, shipment: Shipment) -> None:  # noqa: ARG002 - a unit is restarted once a file
        """Restart the unit unless it has started since the file was written."""

        async def do(session: Session) -> None:
            async with RemoteFile.at(self._settings.path, session) as file:
                written_at = (await file.read()).modified_at
            await Unit(session, self._settings).restart(written_at=written_at)

        if self._settings.service is not None:
            await self._visit(do)

    async def verify(self, shipment: Shipment, text: SecretText) -> Verdict:  # noqa: ARG002 - a file bears no mark
        """Compare what the file holds in constant time; then let the server try it, where it has a test."""

        async def do(session: Session) -> Verdict:
            async with RemoteFile.at(self._settings.path, session) as file:
                found = self._held((await file.read()).text)
            if found is None:
                return Verdict(found=Found.ABSENT, why=f"{self._settings.at} is empty")
            if found != text:
                return Verdict(found=Found.OLDER, why="the file holds another secret")
            return await self._tried(session)

        return await self._visit(do)

    async def cleanup(self, shipment: Shipment) -> None:
        """Remove the copies that this destination's deliveries left, up to this rotation's."""

        async def do(session: Session) -> None:
            async with RemoteFile.at(self._settings.path, session) as file:
                await file.remove_beside(self._beside, shipment)

        await self._visit(do)

    async def _check(self, session: Session) -> Check:
        settings = self._settings
        async with RemoteFile.at(settings.path, session) as file:
            found = await file.read()
        place = held(found.text, settings.at, settings.format.locate)
        if isinstance(place, NoPlace):
            return Check(readiness=Readiness.MISCONFIGURED, why=place.why)
        if settings.service and not (await Unit(session, settings).state()).loaded:
            return Check(readiness=Readiness.MISCONFIGURED, why=f"there is no unit {settings.service}")
        open_to_all = (f"every account of {settings.host} may read {settings.path}",)
        return Check(readiness=Readiness.READY, warnings=open_to_all if found.rights.others_may_read else ())

    async def _tried(self, session: Session) -> Verdict:
        """The file holds it; run the test, whose words are not read: they may hold anything."""
        settings = self._settings
        if settings.test is None:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        ended = await session.run(settings.test, hear=False)
        if ended.status != 0:
            why = f"the file holds it, and the test ends with {ended.status}"
            return Verdict(found=Found.OLDER, why=why, signed_in=settings.test_signs_in)
        if settings.test_signs_in:
            return Verdict(found=Found.CURRENT, level=Level.AUTHENTICATES, why="its test signed in", signed_in=True)
        return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back, and its test succeeds")

    def _held(self, text: FileText) -> SecretText | None:
        found = held(text, self._settings.at, self._settings.format.locate)
        if isinstance(found, NoPlace):
            raise self._refusal(found)
        return found

    def _refusal(self, place: NoPlace) -> DestinationRefused:
        return DestinationRefused(f"{self._settings.path}: {place.why}", reason=place.reason)

    async def _visit[Answer](self, do: Callable[[Session], Awaitable[Answer]]) -> Answer:
        way = Way(
            host=self._settings.host,
            port=self._settings.port,
            key=self._key,
            timeout=self._settings.timeout_seconds,
            private_network=self._settings.private_network,
        )
        return await visit(way, self._services, do)
