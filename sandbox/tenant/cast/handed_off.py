"""Characters whose secret only a person can carry: the two seed systems (integrations.md A1, A2)."""

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.tenant.cast.making import credential, member
from sandbox.tenant.cast.members import AgentPerson, CastMember, Outcome, PortalPerson, Wish
from sandbox.tenant.cast.people import DMITRI, EUN_JI


def handed_off(now: datetime) -> list[CastMember]:
    return [arctic_wolf(now), ci_sync(now)]


def arctic_wolf(now: datetime) -> CastMember:
    held = credential("arctic-wolf-ma", now, display_name="Arctic Wolf Secret", days=49, lifetime=730)
    found = member(
        "arctic-wolf-ma",
        "Managed Security Awareness (MA)",
        role="A vendor's portal without an API: Dmitri pastes the new secret, and usage shows that it arrived.",
        owner=DMITRI,
        wish=Wish.ENROL,
        outcome=Outcome.WAITS_FOR_PERSON,
    )
    portal = PortalPerson(
        person=DMITRI,
        form="arctic-wolf-ma",
        portal="https://dashboard.arcticwolf.com",
        group="Everybody in Security",
        every=timedelta(days=1),
        starts_with=held.text,
    )
    roles = ("Directory.Read.All", "User.Read.All")
    return replace(found, credentials=(held,), used_by=(portal,), graph_roles=roles)


def ci_sync(now: datetime) -> CastMember:
    held = credential(
        "ci-sync-azure", now, display_name="CI Sync Agent Connector for Azure Client Secret", days=45, lifetime=730
    )
    found = member(
        "ci-sync-azure",
        "CI Sync (EE) Agent Connector for Azure",
        role="An agent on a server: Eun-ji types the new secret into its configuration tool and presses Save.",
        owner=EUN_JI,
        wish=Wish.ENROL,
        outcome=Outcome.WAITS_FOR_PERSON,
    )
    agent = AgentPerson(
        person=EUN_JI,
        form="syncfish-azure-source-onprem",
        server="SRV-CISYNC-01",
        source="Azure",
        every=timedelta(hours=6),
        starts_with=held.text,
    )
    return replace(found, credentials=(held,), used_by=(agent,))
