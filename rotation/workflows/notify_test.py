"""Prove that people can be reached: one message on each channel of each audience, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from rotation.domain.audience import Audience
from rotation.domain.errors import Misconfigured, NotFound, RotationError
from rotation.domain.identifiers import AudienceName
from rotation.ports.notices import Channel, Item, Message
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelProof:
    """What became of one message."""

    audience: AudienceName
    channel: str
    """`teams` or `mail`; empty where no channel reaches the audience."""
    sent: bool
    says: str


async def notify_test(
    services: Services, *, by: str, where: str = "", audience: str | None = None
) -> tuple[ChannelProof, ...]:
    """
    Send one message on each channel of each audience, or of the one named, and tell of each.

    "Sent" means that the far end took it; whether it arrived, only the people can say. Quiet hours do not hold it
    back, for somebody asked for it and waits.

    Raises:
        NotFound: No audience has that name.
    """
    configuration = await services.configurations.current()
    chosen = _chosen(configuration.audiences, audience)
    proofs = [proof for each in chosen for proof in await _audience(services, each, by)]
    sent = sum(proof.sent for proof in proofs)
    now, ulid = services.clock.now(), services.ulids.make()
    await services.control.audit(
        now, ulid, "notify.tested", by=by, sent=sent, refused=len(proofs) - sent, where=where or None
    )
    return tuple(proofs)


def _chosen(audiences: Mapping[AudienceName, Audience], name: str | None) -> list[Audience]:
    if name is None:
        return list(audiences.values())
    found = audiences.get(AudienceName(name))
    if found is None:
        known = ", ".join(sorted(audiences)) or "none"
        raise NotFound(f"there is no audience {name!r}; the configuration has: {known}", audience=name)
    return [found]


async def _audience(services: Services, audience: Audience, by: str) -> list[ChannelProof]:
    channels = [channel for channel in services.channels if channel.reaches(audience)]
    if not channels:
        says = "no channel reaches it: it needs mail addresses and a sender, or a teams_secret"
        return [ChannelProof(audience=audience.name, channel="", sent=False, says=says)]
    return [await _channel(channel, audience, by) for channel in channels]


async def _channel(channel: Channel, audience: Audience, by: str) -> ChannelProof:
    text = f"{by} asked whether messages arrive here. They do; nothing needs to be done"
    item = Item(state="done", subject="A test of this channel", text=text)
    title = f"Rotation: a test for {audience.name}"
    message = Message(title=title, summary="Reminders and notices about Entra credentials come here", items=(item,))
    try:
        await channel.send(audience, message)
    except Misconfigured as error:
        return ChannelProof(audience=audience.name, channel=channel.name, sent=False, says="; ".join(error.problems))
    except RotationError as error:
        return ChannelProof(audience=audience.name, channel=channel.name, sent=False, says=error.message)
    return ChannelProof(audience=audience.name, channel=channel.name, sent=True, says="taken by the far end")
