"""A tenant in memory."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import ApplicationGone, CredentialLimit, PolicyForbids, Throttled, Unavailable
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.domain.secret import SecretText
from rotation.ports.clock import Clock
from rotation.ports.directory import (
    CredentialRules,
    ListedApplication,
    ListedSecret,
    MintedCredential,
    MintRequest,
    Owned,
    Owner,
    Page,
    PassItem,
)
from tests.fakes.chance import chance
from tests.fakes.clock import MovableClock
from tests.fakes.directory_state import Record, Text, make_key_id, record
from tests.fakes.mishaps import Mishaps, outcome_unknown

HINT = 3
TOLD_FROM = 0.8


class MemoryDirectory:
    """
    Applications and their credentials.

    Crueller than the real thing:
    - with a `read_lag` each read tells the state of any instant within it, back and forth, a pass for each
      application on its own; `staleness` (0 newest, 1 oldest) decides, and may be replaced by a test;
    - a removal takes effect at once and shows only after `removal_shows_after`; `remove_ignored` on a record
      answers well and does nothing;
    - two writes at one application at a time conflict, and are kept in `conflicts` (invariant 9);
    - with a `write_quota` (so many in a span) it refuses what comes above it, and tells the share from 0.8 on;
    - `mishaps` strike `mint` and `remove` (LOST_BEFORE and LOST_AFTER are OutcomeUnknown), `reads` all other methods;
    - pages in `unreadable_pages` raise; `malformed` entries stand on the first page.
    """

    def __init__(
        self, clock: Clock | None = None, *, read_lag: timedelta = timedelta(0), page_size: int = 999, seed: int = 1
    ) -> None:
        self._clock = clock or MovableClock()
        self.read_lag = read_lag
        self.removal_shows_after = timedelta(0)
        self.page_size = page_size
        self.limit_per_application: int | None = None
        self.unreadable_pages: set[int] = set()
        self.malformed: list[tuple[str, str]] = []
        self.certificate_items: list[PassItem] = []
        self.service_principal_items: list[PassItem] = []
        self.staleness: Callable[[], float] = chance(seed).random
        self.mishaps = Mishaps(lost=outcome_unknown)
        self.reads = Mishaps()
        self.minted: list[MintedCredential] = []
        self.removed: list[tuple[ObjectId, KeyId]] = []
        self.conflicts: list[ObjectId] = []
        self.write_quota: tuple[int, timedelta] | None = None
        self.refused: list[datetime] = []
        """When a write came above the quota."""
        self.spoil_display_names: str | None = None
        """Appended to the display name of what is minted, as a tenant's own policy might do."""
        self._records: dict[ObjectId, Record] = {}
        self._written: list[datetime] = []
        self._numbers = itertools.count(1)

    # What a test or a stranger does.

    def add(
        self,
        application: Application,
        *,
        texts: Mapping[KeyId, str] | None = None,
        owners: Iterable[Owner] = (),
        roles: Iterable[str] = (),
    ) -> Record:
        """Register an application and give its record, whose fields are further knobs."""
        made = record(application, self._clock.now(), texts=texts or {}, owners=owners, roles=roles)
        self._records[application.object_id] = made
        return made

    def record(self, object_id: ObjectId) -> Record:
        """Give an application's record."""
        return self._records[object_id]

    def truth(self, object_id: ObjectId) -> Application:
        """Give the application as it is, without lag."""
        return self._records[object_id].now

    def change(self, application: Application) -> None:
        """Somebody edits the application (rename, disable, tag)."""
        self._records[application.object_id].change(self._clock.now(), application)

    def add_secret(self, object_id: ObjectId, *, end_at: datetime, display_name: str | None = None) -> MintedCredential:
        """Somebody else adds a secret."""
        return self._make(self._records[object_id], self._clock.now(), end_at, display_name)

    def drop_secret(self, object_id: ObjectId, key_id: KeyId) -> None:
        """Somebody else removes a secret."""
        self._records[object_id].drop_secret(self._clock.now(), key_id)

    def delete(self, object_id: ObjectId) -> None:
        """Somebody deletes the application; it lies in the deleted items."""
        self._records[object_id].deleted = True

    def texts_of(self, client_id: ClientId) -> list[Text]:
        """Give every text that the application ever held."""
        found = (r for r in self._records.values() if r.now.client_id == client_id)
        return [text for r in found for text in r.texts]

    def find(self, client_id: ClientId) -> Record | None:
        """Find an application's record by its client id."""
        return next((r for r in self._records.values() if r.now.client_id == client_id), None)

    def every_text(self) -> list[str]:
        """Reveal every text ever held: the canaries of a leak search."""
        return [text.text.reveal() for r in self._records.values() for text in r.texts]

    # The port.

    async def applications(self) -> AsyncIterator[Page]:
        await self.reads.around("applications", _nothing)
        alive = [r for r in self._records.values() if not r.deleted]
        pages = list(itertools.batched(alive, self.page_size, strict=False)) or [()]
        for number, page in enumerate(pages):
            if number in self.unreadable_pages:
                raise Unavailable(f"page {number} cannot be read")
            malformed = tuple(self.malformed) if number == 0 else ()
            yield Page(applications=[listed(self._seen(r)) for r in page], malformed=malformed)

    async def certificates(self) -> AsyncIterator[Sequence[PassItem]]:
        await self.reads.around("certificates", _nothing)
        yield tuple(self.certificate_items)

    async def service_principals(self) -> AsyncIterator[Sequence[PassItem]]:
        await self.reads.around("service_principals", _nothing)
        yield tuple(self.service_principal_items)

    async def owned(self) -> AsyncIterator[Sequence[Owned]]:
        await self.reads.around("owned", _nothing)
        alive = [r for r in self._records.values() if not r.deleted]
        for page in itertools.batched(alive, self.page_size, strict=False):
            yield [Owned(object_id=r.now.object_id, owners=r.owners[:20]) for r in page]

    async def application(self, object_id: ObjectId) -> Application:
        async def act() -> Application:
            return self._seen(self._alive(object_id))

        return await self.reads.around("application", act)

    async def by_client_id(self, client_id: ClientId) -> Application:
        async def act() -> Application:
            found = self.find(client_id)
            return self._seen(self._alive(found.now.object_id if found else ObjectId(client_id)))

        return await self.reads.around("by_client_id", act)

    async def is_deleted(self, object_id: ObjectId) -> bool:
        async def act() -> bool:
            return object_id in self._records and self._records[object_id].deleted

        return await self.reads.around("is_deleted", act)

    async def mint(self, request: MintRequest) -> MintedCredential:
        async def act() -> MintedCredential:
            held = self._alive(request.application)
            self._refuse(held, request)
            name = request.display_name + (self.spoil_display_names or "")
            made = self._make(held, request.start_at, request.end_at, name)
            self.minted.append(made)
            return replace(made, share=self._share())

        return await self._write(request.application, lambda: self.mishaps.around("mint", act))

    async def remove(self, application: ObjectId, key_id: KeyId) -> float | None:
        async def act() -> float | None:
            held = self._alive(application)
            if held.remove_ignored > 0:
                held.remove_ignored -= 1
                return self._share()
            if held.drop_secret(self._clock.now(), key_id, seen_after=self.removal_shows_after):
                self.removed.append((application, key_id))
            return self._share()

        return await self._write(application, lambda: self.mishaps.around("remove", act))

    async def rules(self, application: ObjectId) -> CredentialRules:
        async def act() -> CredentialRules:
            return self._alive(application).rules

        return await self.reads.around("rules", act)

    async def owners(self, applications: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
        async def act() -> dict[ObjectId, tuple[Owner, ...]]:
            found = {each: self._records[each] for each in applications if each in self._records}
            return {each: r.owners for each, r in found.items() if not r.deleted}

        return await self.reads.around("owners", act)

    async def directory_roles(self, client_id: ClientId) -> tuple[str, ...]:
        async def act() -> tuple[str, ...]:
            found = self.find(client_id)
            return found.roles if found and found.service_principal else ()

        return await self.reads.around("directory_roles", act)

    async def _write[T](self, object_id: ObjectId, act: Callable[[], Awaitable[T]]) -> T:
        held = self._records.get(object_id)
        if held is None:
            return await act()
        if held.writing:
            self.conflicts.append(object_id)
            raise Unavailable("Directory_ConcurrencyViolation", reason="conflict")
        self._charge()
        held.writing = True
        try:
            return await act()
        finally:
            held.writing = False

    def _charge(self) -> None:
        if self.write_quota is None:
            return
        (limit, span), now = self.write_quota, self._clock.now()
        self._written = [at for at in self._written if at > now - span]
        if len(self._written) >= limit:
            self.refused.append(now)
            raise Throttled("too many writes", retry_after=self._written[0] + span - now)
        self._written.append(now)

    def _share(self) -> float | None:
        share = len(self._written) / self.write_quota[0] if self.write_quota else 0.0
        return round(share, 1) if share >= TOLD_FROM else None

    def _refuse(self, held: Record, request: MintRequest) -> None:
        rules = held.rules
        if rules.addition_forbidden:
            raise PolicyForbids("the tenant forbids new secrets")
        if rules.longest is not None and request.end_at - request.start_at > rules.longest:
            raise PolicyForbids("the tenant's longest lifetime is shorter")
        limit = held.now.credential_limit or self.limit_per_application
        if limit is not None and len(held.now.secrets) >= limit:
            raise CredentialLimit(f"at most {limit} secrets")

    def _make(self, held: Record, start: datetime, end: datetime, name: str | None) -> MintedCredential:
        number = next(self._numbers)
        text = f"{number:03d}~Canary.{chance(number).randbytes(12).hex()}"
        credential = Credential(
            key_id=make_key_id(number), start_at=start, end_at=end, display_name=name, hint=text[:HINT]
        )
        held.add_secret(self._clock.now(), credential, SecretText(text))
        return MintedCredential(credential=credential, text=SecretText(text))

    def _alive(self, object_id: ObjectId) -> Record:
        held = self._records.get(object_id)
        if held is None or held.deleted:
            raise ApplicationGone(f"no application {object_id}", application=object_id)
        return held

    def _seen(self, held: Record) -> Application:
        return held.seen(self._clock.now() - self.read_lag * self.staleness())


async def _nothing() -> None:
    return None


def listed(application: Application) -> ListedApplication:
    """Make what a page tells of it: what is null there is None."""
    return ListedApplication(
        object_id=application.object_id,
        client_id=application.client_id,
        display_name=application.display_name or None,
        secrets=tuple(
            ListedSecret(key_id=each.key_id, ends=each.end_at, display_name=each.display_name)
            for each in application.secrets
        ),
        disabled=application.disabled or None,
        tags=application.tags,
    )
