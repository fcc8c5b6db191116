"""`/applications/{id}/keys/{key}/snooze`: a week of silence about one credential's end, on a person's word."""

from rotation.domain.errors import NotFound
from rotation.domain.identifiers import KeyId
from rotation.ledger import keys
from rotation.ledger.expiries import CODEC, Expiry
from rotation.web.exchange import Request
from rotation.web.forms import read_form
from rotation.web.pages.acts import Preview, Touch
from rotation.web.pages.forms import EmptyForm
from rotation.web.pages.rendering import href, utc
from rotation.workflows import snoozing
from rotation.workflows.finding import Found, find_application
from rotation.workflows.services import Services


async def preview_snooze(services: Services, request: Request) -> Preview:
    """Tell what goes quiet, and what does not."""
    found, expiry = await _expiry(services, request)
    back = href("applications", found.object_id)
    name = found.display_name
    return Preview(
        title=f"Hear nothing of a secret of {name} for a week?",
        says="Everybody who is reminded of it is left alone for seven days, at most until its end.",
        button="Snooze it",
        back=back,
        crumbs=(("Applications", href("applications")), (name, back), ("Snooze", "")),
        touches=(
            Touch(label="Goes quiet", items=(f"{expiry.key_id} {expiry.credential_name}".strip(),)),
            Touch(
                label="Stays as it is", items=(f"it ends on {utc(expiry.end_at, '%Y-%m-%d')}, and nobody rotates it",)
            ),
        ),
    )


async def snooze(services: Services, request: Request) -> str:
    """Let it be quiet."""
    read_form(EmptyForm, request)
    found, expiry = await _expiry(services, request)
    await snoozing.snooze_credential(services, expiry, by=request.by, where=request.where)
    return href("applications", found.object_id, said="snoozed")


async def _expiry(services: Services, request: Request) -> tuple[Found, Expiry]:
    """Find its end date as the last pass has it: what is not there, nobody is reminded of."""
    found, key_id = await find_application(services, request.route["id"]), KeyId(request.route["key"].lower())
    live = await services.directory.application(found.object_id)
    secret = live.secret(key_id)
    row_key = f"{found.object_id}|{key_id}"
    row = await services.tables.get(keys.EXPIRIES, keys.week(secret.end_at), row_key) if secret else None
    if row is None:
        raise NotFound(f"nobody is reminded of key id {key_id} of {found.display_name}", key_id=key_id)
    return found, CODEC.record(row.values)
