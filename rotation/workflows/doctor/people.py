"""Whether people can be reached, and can read what is handed to them; whether destinations would take a delivery."""

from rotation.domain.capability import Readiness
from rotation.domain.delivery import DeliveryMode
from rotation.domain.errors import NewerVersion
from rotation.domain.policy import Configuration
from rotation.ledger import application as ledger
from rotation.workflows import checking
from rotation.workflows.doctor.findings import Finding, Findings, Patient, Standing, broken, fine, warning
from rotation.workflows.doctor.vaults import readers_remedy
from rotation.workflows.notify_test import notify_test

STANDINGS = {
    Readiness.READY: Standing.FINE,
    Readiness.UNKNOWN: Standing.UNKNOWN,
    Readiness.MISCONFIGURED: Standing.BROKEN,
}


async def audiences(patient: Patient) -> Findings:
    """Look whether each audience is reached by a channel; with `notify`, send a message on each."""
    configuration = patient.configuration
    if configuration is None:
        return
    if configuration.fallback_audience is None:
        told = "no fallback audience: what concerns an application without owners reaches nobody"
        yield broken("audience", "fallback", told, remedy="fallback_audience: in rotation.yaml; rotation config check")
    for audience in configuration.audiences.values():
        channels = [channel.name for channel in patient.services.channels if channel.reaches(audience)]
        if channels:
            yield fine("audience", audience.name, f"reached by {' and '.join(channels)}")
        else:
            mend = f"mail: or teams_secret: of audience {audience.name} in rotation.yaml, and a sender for mail"
            yield broken("audience", audience.name, "no channel reaches it", remedy=mend)
    if patient.wants.notify:
        for proof in await notify_test(patient.services, by=patient.wants.by):
            if proof.channel:
                yield _proof(proof.audience, proof.channel, sent=proof.sent, says=proof.says)


def _proof(audience: str, channel: str, *, sent: bool, says: str) -> Finding:
    subject = f"{channel} to {audience}"
    if sent:
        return fine("channel", subject, says)
    return broken("channel", subject, says, remedy=f"rotation notify test --audience {audience}, once it is mended")


async def destinations(patient: Patient) -> Findings:
    """Look whether a delivery would work at each destination, without a secret."""
    if patient.configuration is None:
        return
    for seen in await checking.check(patient.services):
        if _assisted(patient, patient.configuration, seen.name) and seen.readiness is Readiness.UNKNOWN:
            yield fine("destination", seen.name, seen.why or "a person serves it")
            continue
        mend = f"rotation destinations check {seen.name}" if seen.readiness is not Readiness.READY else ""
        says = "; ".join([seen.why or "ready", *seen.warnings])
        standing = STANDINGS[seen.readiness]
        if standing is Standing.FINE and seen.warnings:
            standing = Standing.WARNING
        yield Finding(check="destination", subject=seen.name, standing=standing, says=says, remedy=mend)


async def readers(patient: Patient) -> Findings:
    """Look whether the enrolment of each line with a hand-off names who reads the vault secret."""
    if patient.configuration is None:
        return
    applications = sorted({line.id.application async for line in patient.services.lines.all()})
    for application in applications:
        try:
            record = await ledger.read(patient.services.tables, application)
        except NewerVersion as error:
            mend = "deploy that version again: docs/runbook/upgrade.md"
            yield broken("reader", application, error.message, remedy=mend)
            continue
        for line in record.lines.values():
            by_hand = [
                place.name
                for place in line.enrolment.destinations
                if _assisted(patient, patient.configuration, place.name)
            ]
            if not by_hand:
                continue
            where = f"{line.display_name}/{line.id.name}"
            grant = readers_remedy(line.enrolment.vault_url, line.enrolment.secret_name)
            if line.enrolment.readers:
                told = f"{', '.join(line.enrolment.readers)} read the secret for {', '.join(by_hand)}"
                yield fine("reader", where, f"{told}; the vault's roles say whether they may")
            else:
                told = f"nobody is named who may open the link of {', '.join(by_hand)}: the hand-off would end there"
                yield warning("reader", where, told, remedy=f"{grant}; then readers: of the line in rotation.yaml")


def _assisted(patient: Patient, configuration: Configuration, name: str) -> bool:
    found = next((each for each in configuration.destinations.values() if each.name == name), None)
    return found is not None and patient.services.integrations.of(found).capabilities.mode is DeliveryMode.ASSISTED
