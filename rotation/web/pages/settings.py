"""`/settings`: the configuration as it is in force, and who is told by which channel. Nothing can be changed here."""

from collections.abc import Sequence

from rotation.domain.policy import Policy, Selector
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import render
from rotation.workflows.services import Services

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


async def in_force(services: Services, request: Request) -> Response:
    """Show what holds now."""
    configuration, standing = await services.configurations.current(), await services.control.standing()
    now = services.clock.now()
    first = standing.beginning.first_enrolled_at
    limits = configuration.limits
    return render(
        services,
        request,
        "settings.html",
        configuration=configuration,
        policies=[(policy, selects(policy.selector), window(policy)) for policy in configuration.policies],
        ramp=limits.at(now, first),
        first_week=first is None or now < first + limits.first_week_lasts,
        sources=[(source.name, standing.usage.get(source.name)) for source in services.usage],
        channels=[
            (audience, [channel.name for channel in services.channels if channel.reaches(audience)])
            for audience in configuration.audiences.values()
        ],
        vault_url=services.vault_url,
        timing=services.timing,
    )


def selects(selector: Selector) -> Sequence[str]:
    """Say in words which applications a policy speaks of."""
    if selector.everything:
        return ("every application",)
    return (
        *(f"object id {each}" for each in sorted(selector.object_ids)),
        *(f"client id {each}" for each in sorted(selector.client_ids)),
        *(f"named {each}" for each in selector.names),
        *(f"tagged {each}" for each in sorted(selector.tags)),
        *(f"owned by {each}" for each in sorted(selector.owners)),
    )


def window(policy: Policy) -> str:
    """Say when mints, removals and restarts may happen."""
    held = policy.window
    days = "every day" if len(held.days) == len(DAYS) else ", ".join(DAYS[day] for day in sorted(held.days))
    hours = "" if held.opens == held.closes else f", {held.opens:%H:%M} to {held.closes:%H:%M}"
    return f"{days}{hours} ({held.zone.key})"
