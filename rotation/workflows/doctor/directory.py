"""Whether the directory answers what a night asks of it: applications, policies, use; and whether its clock is ours."""

from contextlib import aclosing
from datetime import timedelta

from rotation.domain.errors import ApplicationGone, RotationError
from rotation.domain.identifiers import ClientId, ObjectId
from rotation.ports.directory import ListedApplication
from rotation.ports.usage import Look, UsageSource
from rotation.workflows.doctor.findings import Finding, Findings, Patient, broken, failed, fine, warning

SKEW_BROKEN, SKEW_WARNED = timedelta(minutes=4), timedelta(seconds=30)
"""A secret's start lies five minutes back, for clocks differ (platform.md A7): beyond that it is not valid yet. Leases
count on clocks that differ by less than thirty seconds."""
LOGS_ROLE = "Log Analytics Reader"


async def identity(patient: Patient) -> Findings:
    """Tell who signs in here."""
    who = patient.identity
    if who is not None:
        kind = "a person" if who.person else f"application {who.client_id}"
        yield fine("identity", who.name, f"signs in, {kind}, object id {who.object_id}")


async def reading(patient: Patient) -> Findings:
    """Read a first page of applications, and ask of one of them what a rotation asks."""
    first: ListedApplication | None = None
    async with aclosing(patient.services.directory.applications()) as pages:  # type: ignore[type-var]
        async for page in pages:
            first = page.applications[0] if page.applications else None
            yield fine("graph", "applications", f"readable; {len(page.applications)} on the first page")
            break
    if first is None:
        yield warning("graph", "applications", "there is none, so nothing else could be tried")
        return
    yield await _rules(patient, first.object_id)
    for source in patient.services.usage:
        yield await _usage(patient, source, first.client_id)
    if not patient.services.usage:
        told = "no usage source is configured: what is still valid is never retired on evidence, it lapses"
        yield warning("usage", "sources", told, remedy="set ROTATION_SIGN_IN_WORKSPACES (docs/settings.md)")


async def _rules(patient: Patient, application: ObjectId) -> Finding:
    try:
        found = await patient.services.directory.rules(application)
    except RotationError as error:
        remedy = f"{patient.graph_grant}  # Policy.Read.All"
        return failed("graph", "app-management policies", error, remedy=remedy)
    longest = f", longest lifetime {found.longest.days} days" if found.longest else ""
    forbidden = "new secrets are forbidden" if found.addition_forbidden else "new secrets are allowed"
    return fine("graph", "app-management policies", f"readable; {forbidden}{longest}")


async def _usage(patient: Patient, source: UsageSource, client_id: ClientId) -> Finding:
    try:
        async with aclosing(source.sightings(Look(client_id=client_id))) as found:  # type: ignore[type-var]
            async for _sighting in found:
                break
    except RotationError as error:
        report = source.name == "graph-report"
        remedy = f"{patient.graph_grant}  # AuditLog.Read.All" if report else _logs_role(patient)
        return failed("usage", source.name, error, remedy=remedy)
    return fine("usage", source.name, "readable")


def _logs_role(patient: Patient) -> str:
    """Give the command for each workspace; its id in our settings is not the one that a role is given on."""
    asked = " || ".join(f"customerId=='{each}'" for each in patient.services.surroundings.place.workspaces)
    found = f'$(az monitor log-analytics workspace list --query "[?{asked}].id" -o tsv)'
    give = f'az role assignment create --role "{LOGS_ROLE}" --assignee {patient.object_id} --scope $w'
    return f"for w in {found}; do {give}; done"


async def clocks(patient: Patient) -> Findings:
    """Compare our clock with the directory's."""
    theirs = await patient.services.surroundings.service_time()
    ours = patient.services.clock.now()
    ahead = ours - theirs
    told = f"ours is {abs(ahead).total_seconds():.0f} s {'ahead of' if ahead > timedelta() else 'behind'} Graph's"
    if abs(ahead) > SKEW_BROKEN:
        mend = "timedatectl set-ntp true"
        yield broken("clock", "skew", f"{told}: a new secret may not be valid when it is tried", remedy=mend)
    elif abs(ahead) > SKEW_WARNED:
        yield warning("clock", "skew", told, remedy="timedatectl set-ntp true")
    else:
        yield fine("clock", "skew", told)


async def canary(patient: Patient) -> Findings:
    """Look whether the canary of the configuration is there and enrolled."""
    if patient.configuration is None:
        return
    configured = patient.configuration.canary
    enrolled = [line.id async for line in patient.services.lines.all()]
    if configured is None:
        if enrolled:
            told = "none is configured: the first line of a night finds out what is broken"
            yield warning("canary", "configuration", told, remedy="canary: in rotation.yaml (docs/deploy.md)")
        return
    try:
        found = await patient.services.directory.application(configured.application)
    except ApplicationGone as error:
        yield failed("canary", configured.application, error, remedy="name another one in rotation.yaml, canary:")
        return
    if not any((line.application, line.name) == (configured.application, configured.line) for line in enrolled):
        mend = f"rotation enrol {configured.application} --line {configured.line}"
        yield broken("canary", found.display_name, "is not enrolled, so every night stops at it", remedy=mend)
        return
    yield fine("canary", found.display_name, "there, and enrolled")
