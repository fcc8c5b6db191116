"""What Directory promises."""

from datetime import datetime, timedelta

import pytest

from rotation.domain.credential import Application, Marker
from rotation.domain.errors import (
    ApplicationGone,
    CredentialLimit,
    OutcomeUnknown,
    PolicyForbids,
    Throttled,
)
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.ports.directory import CredentialRules, Directory, MintRequest, whole
from tests.contract.worlds import PERSONAL, World

MARKER = Marker("01J00000000000000000000000", 1)
NOWHERE = ObjectId("99999999-0000-0000-0000-000000000000")
STRANGE_KEY = KeyId("99999999-1111-0000-0000-000000000000")
DAYS = timedelta(days=1)


def asked(application: Application, world: World, *, days: int = 180) -> MintRequest:
    start: datetime = world.now().replace(microsecond=0) - timedelta(minutes=5)
    label = MARKER.label("job - default")
    return MintRequest(
        application=application.object_id, display_name=label, start_at=start, end_at=start + days * DAYS
    )


class DirectoryPromises:
    async def test_what_is_minted_is_told_once_and_listed(self, directory: Directory, world: World) -> None:
        application = world.make("mint")
        request = asked(application, world)
        minted = await directory.mint(request)
        made = minted.credential
        assert (made.display_name, made.start_at, made.end_at) == (
            request.display_name,
            request.start_at,
            request.end_at,
        )
        assert made.marker == MARKER
        assert made.hint == minted.text.reveal()[:3]
        assert world.texts(application) == [minted.text]
        seen = await directory.application(application.object_id)
        assert seen.secrets == (made,)
        assert seen.holds(made.key_id)

    async def test_what_is_removed_is_no_longer_listed(self, directory: Directory, world: World) -> None:
        application = world.make("remove")
        foreign = world.add_secret(application, "theirs")
        minted = await directory.mint(asked(application, world))
        await directory.remove(application.object_id, minted.credential.key_id)
        seen = await directory.application(application.object_id)
        assert [secret.key_id for secret in seen.secrets] == [foreign.key_id]

    async def test_removing_what_is_not_there_settles_nothing(self, directory: Directory, world: World) -> None:
        application = world.make("remove nothing")
        kept = world.add_secret(application, "theirs")
        await directory.remove(application.object_id, STRANGE_KEY)
        assert (await directory.application(application.object_id)).holds(kept.key_id)

    async def test_an_application_is_read_as_it_is(self, directory: Directory, world: World) -> None:
        application = world.make("Überweisung 支払い", audience=PERSONAL, tags=["one", "two"])
        secret = world.add_secret(application, "theirs")
        by_id = await directory.application(application.object_id)
        assert by_id == await directory.by_client_id(application.client_id)
        assert (by_id.object_id, by_id.client_id) == (application.object_id, application.client_id)
        assert (by_id.display_name, by_id.audience, by_id.tags) == ("Überweisung 支払い", PERSONAL, ("one", "two"))
        assert [(one.key_id, one.display_name, one.end_at) for one in by_id.secrets] == [
            (secret.key_id, "theirs", secret.end_at)
        ]
        assert by_id.credential_limit == 2

    async def test_a_pass_reads_every_application(self, directory: Directory, world: World) -> None:
        made = [world.make(f"in the pass {n}") for n in range(5)]
        secret = world.add_secret(made[2], "theirs")
        seen = {one.object_id: one async for page in directory.applications() for one in page.applications}
        assert set(seen) >= {one.object_id for one in made}
        told = whole(seen[made[2].object_id])
        assert (told.client_id, told.display_name) == (made[2].client_id, "in the pass 2")
        assert [(one.key_id, one.end_at) for one in told.secrets] == [(secret.key_id, secret.end_at)]

    async def test_what_is_not_there_is_gone(self, directory: Directory, world: World) -> None:
        with pytest.raises(ApplicationGone):
            await directory.application(NOWHERE)
        with pytest.raises(ApplicationGone):
            await directory.by_client_id(ClientId(NOWHERE))
        assert not await directory.is_deleted(NOWHERE)

    async def test_a_deleted_application_is_gone_and_in_the_bin(self, directory: Directory, world: World) -> None:
        application = world.make("deleted")
        assert not await directory.is_deleted(application.object_id)
        world.delete(application)
        assert await directory.is_deleted(application.object_id)
        with pytest.raises(ApplicationGone):
            await directory.application(application.object_id)
        with pytest.raises(ApplicationGone):
            await directory.mint(asked(application, world))
        with pytest.raises(ApplicationGone):
            await directory.remove(application.object_id, STRANGE_KEY)

    async def test_a_personal_account_application_holds_two(self, directory: Directory, world: World) -> None:
        application = world.make("personal", audience=PERSONAL)
        for name in ("one", "two"):
            world.add_secret(application, name)
        with pytest.raises(CredentialLimit):
            await directory.mint(asked(application, world))

    async def test_policies_forbid_and_shorten(self, directory: Directory, world: World) -> None:
        free, short, none = world.make("free"), world.make("short"), world.make("none")
        world.forbid(short, longest=90 * DAYS)
        world.forbid(none, longest=None)
        assert await directory.rules(free.object_id) == CredentialRules()
        assert await directory.rules(short.object_id) == CredentialRules(longest=90 * DAYS)
        assert await directory.rules(none.object_id) == CredentialRules(addition_forbidden=True)
        for application in (short, none):
            with pytest.raises(PolicyForbids):
                await directory.mint(asked(application, world))
        await directory.mint(asked(short, world, days=90))

    @pytest.mark.parametrize("done", [True, False])
    async def test_a_lost_answer_to_a_mint_is_unknown(self, directory: Directory, world: World, done: bool) -> None:
        application = world.make("lost mint")
        world.lose("mint", done=done)
        with pytest.raises(OutcomeUnknown):
            await directory.mint(asked(application, world))
        seen = await directory.application(application.object_id)
        assert [one.marker for one in seen.secrets] == ([MARKER] if done else [])

    @pytest.mark.parametrize("done", [True, False])
    async def test_a_lost_answer_to_a_removal_is_unknown(self, directory: Directory, world: World, done: bool) -> None:
        application = world.make("lost removal")
        secret = world.add_secret(application, "theirs")
        world.lose("remove", done=done)
        with pytest.raises(OutcomeUnknown):
            await directory.remove(application.object_id, secret.key_id)
        assert (await directory.application(application.object_id)).holds(secret.key_id) is not done

    async def test_a_throttled_write_is_not_repeated_by_itself(self, directory: Directory, world: World) -> None:
        application = world.make("throttled")
        world.answer_slowly("mint")
        with pytest.raises(Throttled) as caught:
            await directory.mint(asked(application, world))
        assert caught.value.retry_after == timedelta(seconds=7)
        assert world.texts(application) == []

    async def test_a_write_tells_how_much_of_the_quota_is_used_and_is_refused_above_it(
        self, directory: Directory, world: World
    ) -> None:
        application = world.make("throttled by a quota")
        world.allow_writes(4)
        minted = [await directory.mint(asked(application, world)) for _ in range(3)]
        assert [made.share for made in minted] == [None, None, None]
        share = await directory.remove(application.object_id, minted[0].credential.key_id)
        assert share == 1.0
        with pytest.raises(Throttled) as told:
            await directory.mint(asked(application, world))
        assert told.value.retry_after
        assert timedelta(0) < told.value.retry_after <= timedelta(seconds=151)
        assert len(world.texts(application)) == 2, "what was refused was not done"

    async def test_owners_of_many(self, directory: Directory, world: World) -> None:
        some = [world.make(f"owned {n}") for n in range(25)]
        mails = {one.object_id: world.own(one, f"Owner{n}") for n, one in enumerate(some)}
        gone = world.make("deleted with owners")
        world.delete(gone)
        found = await directory.owners([*(one.object_id for one in some), gone.object_id])
        assert set(found) == set(mails)
        people = {each: [o for o in held if o.kind == "user"] for each, held in found.items()}
        assert {each: [one.mail for one in held] for each, held in people.items()} == {k: [v] for k, v in mails.items()}
        assert await directory.owners([]) == {}

    async def test_who_owns_each_application(self, directory: Directory, world: World) -> None:
        owned, nobodys, gone = (world.make(f"owners pass {n}") for n in range(3))
        mail = world.own(owned, "Owner of one")
        world.delete(gone)
        found = {each.object_id: each.owners async for page in directory.owned() for each in page}
        assert [one.mail for one in found[owned.object_id] if one.kind == "user"] == [mail]
        assert [one for one in found[nobodys.object_id] if one.kind == "user"] == []
        assert gone.object_id not in found

    async def test_directory_roles_by_name(self, directory: Directory, world: World) -> None:
        application = world.make("mighty")
        assert await directory.directory_roles(application.client_id) == ()
        world.grant(application, "AppRoleAssignment.ReadWrite.All")
        assert await directory.directory_roles(application.client_id) == ("AppRoleAssignment.ReadWrite.All",)
        assert await directory.directory_roles(ClientId(NOWHERE)) == ()

    async def test_certificates_are_a_pass_of_their_own(self, directory: Directory, world: World) -> None:
        application = world.make("certified")
        world.certify(application, STRANGE_KEY)
        seen = [item async for page in directory.certificates() for item in page]
        [item] = [one for one in seen if one.client_id == application.client_id]
        assert (item.object_id, item.kind) == (application.object_id, "certificate")
        assert [one.key_id for one in item.credentials] == [STRANGE_KEY]
        assert all(one.credentials for one in seen)

    async def test_a_saml_companion_is_no_client_secret(self, directory: Directory, world: World) -> None:
        application = world.make("saml")
        saml, plain = world.principal_with_saml(application)
        seen = [item async for page in directory.service_principals() for item in page]
        ours = {one.kind: one for one in seen if one.client_id == application.client_id}
        assert {kind: [c.key_id for c in one.credentials] for kind, one in ours.items()} == {
            "saml-certificate": [saml],
            "service-principal-secret": [plain],
        }
