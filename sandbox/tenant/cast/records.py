"""Characters of the cast as Graph's objects, ready to be loaded."""

from base64 import b64encode
from datetime import timedelta
from hashlib import blake2b
from random import Random

from sandbox.tenant.applications import MADE_WITH, bare_application
from sandbox.tenant.cast.members import CastCredential, CastMember, Person
from sandbox.tenant.credentials import signing_records
from sandbox.tenant.instants import graph_text
from sandbox.tenant.model import Json
from sandbox.tenant.people import bare_user
from sandbox.tenant.principals import bare_principal, saml_members


def user_of(person: Person, domain: str) -> Json:
    made = bare_user(object_id=person.object_id, name=person.name, alias=person.alias, domain=domain)
    given, _, surname = person.name.partition(" ")
    return made | {
        "givenName": given,
        "surname": surname,
        "department": person.department,
        "jobTitle": person.job_title,
    }


def application_of(member: CastMember, domain: str) -> Json:
    made = bare_application(object_id=member.object_id, client_id=member.client_id, name=member.display_name)
    starts = [held.starts_at for held in member.credentials]
    created_at = min(starts) - timedelta(minutes=5) if starts else None
    return made | {
        "createdByAppId": MADE_WITH["Azure portal"],
        "createdDateTime": graph_text(created_at) if created_at else "2021-03-04T05:06:07Z",
        "publisherDomain": domain,
        "signInAudience": member.audience,
        "notes": member.notes,
        "passwordCredentials": [_password(held) for held in member.credentials],
    }


def principal_of(member: CastMember, *, tenant_id: str, domain: str) -> Json:
    made = bare_principal(object_id=member.principal_id, client_id=member.client_id, name=member.display_name)
    made["appOwnerOrganizationId"] = tenant_id
    if member.signing_ends_at is None:
        return made
    rng = Random(blake2b(member.key.encode()).digest())
    thumbprint = b64encode(rng.randbytes(20)).decode()
    records = signing_records(rng, end=member.signing_ends_at, thumbprint=thumbprint)
    return made | saml_members(*records, domain=domain)


def _password(held: CastCredential) -> Json:
    """One passwordCredential with its text, which the sandbox keeps to itself."""
    return {
        "customKeyIdentifier": None,
        "displayName": held.display_name,
        "endDateTime": graph_text(held.ends_at),
        "hint": held.text[:3],
        "keyId": held.key_id,
        "secretText": held.text,
        "startDateTime": graph_text(held.starts_at),
    }
