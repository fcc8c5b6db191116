"""Whether nights happen: the last complete scan, what stands still, which brakes hold."""

from rotation.workflows.doctor.findings import Findings, Patient, broken, fine, warning
from rotation.workflows.scanning import last_complete, last_finished
from rotation.workflows.watching import missed_night, standing_still, told


async def nights(patient: Patient) -> Findings:
    """Look at the last scan, missed nights, and rotations that stand still."""
    services = patient.services
    last, latest = await last_complete(services), await last_finished(services)
    if last is None or last.finished_at is None:
        mend = "rotation scan --wait"
        yield warning("scan", "complete", "none in the last seven days: nothing is known of the tenant", remedy=mend)
    else:
        yield fine("scan", "complete", f"{last.finished_at:%Y-%m-%d %H:%M} UTC ({last.id})")
    if latest is not None and not latest.complete:
        yield broken(
            "scan", latest.id, f"is incomplete: {latest.problem}", remedy="mend that, then rotation scan --wait"
        )
    if missed := await missed_night(services):
        place = services.surroundings.place
        app, group = place.function_app or "APP", place.resource_group or "GROUP"
        mend = f"az functionapp start --name {app} --resource-group {group}"
        yield broken("scan", "night", missed, remedy=mend)
    if patient.configuration is not None and (still := await standing_still(services)):
        yield broken("rotation", "stands still", told(still, services.timing.phase_deadline), remedy="rotation status")


async def brakes(patient: Patient) -> Findings:
    """Tell which brakes hold."""
    control = patient.services.control
    opened = (await control.breaker.read()).open_reason
    if opened is not None:
        mend = "find out why, then rotation resume --breaker --reason WHY"
        yield broken("brake", "circuit breaker", f"is open ({opened})", remedy=mend)
    pause = await control.pause()
    if pause is not None:
        told_pause = f"by {pause.by}: {pause.reason}"
        yield warning("brake", "pause", told_pause, remedy="rotation resume --reason WHY, when it is over")
    if opened is None and pause is None:
        yield fine("brake", "all", "none holds")
