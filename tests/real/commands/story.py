"""
What is typed, in the order of an operator's life: the first week, a night and its morning, an upgrade, the worst days, leaving.

Each step is a command as a page shows it. What a page shows twice is typed once.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.real.commands.play import SECOND, VAULT, Filled, Play, Step

NOTHING = "Nothing is stopped for"


def app(key: str) -> Filled:
    """Give a character's object id."""
    return lambda play: play.member(key).object_id


def client(key: str) -> Filled:
    return lambda play: play.member(key).client_id


def of(key: str) -> dict[str, Filled]:
    """Fill APPLICATION and LINE."""
    return {"APPLICATION": app(key), "LINE": "default"}


def rotation(key: str) -> dict[str, Filled]:
    """Fill ROTATION_ID, which some pages call ROTATION: the line's latest."""

    def latest(play: Play) -> str:
        return str(play.line(key)["rotation"])

    return {"ROTATION_ID": latest, "ROTATION": latest}


def burnt(key: str) -> dict[str, Filled]:
    return {**of(key), "KEY_ID": lambda play: play.current(key)}


def value_by_hand(play: Play) -> str:
    """Write the value that `az ad app credential reset` has just shown into a file."""
    return play.keep("value", json.loads(play.said)["password"])


def vault(play: Play) -> str:
    return urlsplit(play.cloud.urls["vault"]).netloc


LOST: Mapping[str, Filled] = {"VAULT": vault}


def named(key: str) -> dict[str, Filled]:
    """Fill VAULT and NAME, as the Azure CLI asks for a line's vault secret."""
    return {"VAULT": VAULT, "NAME": lambda play: play.member(key).line_secret_name}


FIRST_WEEK = (
    Step(shown="az ad app list --all -o json > applications.json", says="Billing API"),
    Step(shown="rotation --version"),
    Step(shown=".venv/bin/python -m rotation config check", says="sound"),
    Step(
        shown="rotation config check PATH", fill={"PATH": lambda play: str(play.stage.world.config_file)}, says="sound"
    ),
    Step(shown="rotation config schema", says="$defs"),
    Step(shown=".venv/bin/python -m sandbox.cli status", says="Nothing is enrolled yet."),
    Step(shown=".venv/bin/python -m sandbox.cli plan"),
    Step(shown="rotation doctor", code=1, says="could take over the tenant"),
    Step(shown="rotation rehearse", says="passed"),
    Step(shown="rotation scan --wait", says="complete"),
    Step(shown=".venv/bin/python -m rotation status"),
    Step(
        shown="az keyvault secret set --vault-name VAULT --name teams-platform --value ADDRESS",
        fill={"VAULT": VAULT, "ADDRESS": "https://prod-00.westeurope.logic.azure.com/workflows/1"},
    ),
    Step(
        shown="az keyvault secret set-attributes --vault-name VAULT --name NAME --expires 2027-03-31T00:00:00Z",
        fill={"VAULT": VAULT, "NAME": "teams-platform"},
        says="2027-03-31",
    ),
    Step(shown="rotation notify test", says="taken by the far end"),
    Step(
        shown="rotation notify test --audience platform", fill={"platform": "rosa-oneill"}, says="taken by the far end"
    ),
    Step(shown="rotation destinations check", code=4, says="a person serves it; nothing there can be asked"),
    Step(shown="rotation plan", says="0 enrolled lines"),
    Step(
        shown="rotation enrol CLIENT_ID --preview",
        fill={"CLIENT_ID": client("billing-api")},
        says="Nothing stands against it",
    ),
    Step(shown="rotation enrol CLIENT_ID", fill={"CLIENT_ID": client("billing-api")}, says="is enrolled"),
    Step(shown="rotation enrol APPLICATION --preview", fill=of("payroll-export"), says="handed over"),
    Step(shown="rotation enrol APPLICATION", fill=of("payroll-export"), says="is enrolled"),
    Step(shown="rotation enrol APPLICATION --line LINE --preview", fill=of("fleet-gateway"), says="handed over"),
    Step(shown="rotation enrol APPLICATION --line LINE", fill=of("fleet-gateway"), says="is enrolled"),
    Step(
        shown='python -m rotation enrol "$ROTATION_CANARY_OBJECT_ID" --line default',
        fill={"$ROTATION_CANARY_OBJECT_ID": app("canary")},
        says="is enrolled",
    ),
)

MORNING = (
    Step(shown="rotation scan", first=Play.enrol_the_rest),
    Step(shown="rotation status", first=Play.let_the_night_pass, says="blocked"),
    Step(shown="rotation show APPLICATION", fill=of("payroll-export")),
    Step(shown="rotation show APPLICATION --line LINE", fill=of("payroll-export")),
    Step(shown="rotation show CANARY_APPLICATION", fill={"CANARY_APPLICATION": app("canary")}),
    Step(shown="rotation show ROTATION_ID", fill=rotation("payroll-export"), says="Before the old secret"),
    Step(shown="rotation handoffs", says="ci-sync-azure"),
    Step(
        shown='rotation acknowledge ROTATION_ID DESTINATION --answer "QUESTION=yes"',
        fill={
            **rotation("ci-sync-azure"),
            "DESTINATION": "ci-sync-azure",
            "QUESTION=yes": lambda play: play.answers("ci-sync-azure"),
        },
        says="acknowledged",
    ),
    Step(shown="rotation approve ROTATION_ID", fill=rotation("billing-api"), by=SECOND),
    Step(shown="rotation retry --reason SLUG", fill={"SLUG": "credential-limit"}),
    Step(shown="rotation retry ROTATION_ID", fill=rotation("intranet-search"), first=Play.settle),
    Step(shown="rotation retry ROTATION", fill=rotation("survey-portal"), first=Play.settle),
    Step(shown="rotation retry --reason access-denied", code=1, says=NOTHING),
    Step(shown="rotation retry --reason vault-refused", code=1, says=NOTHING),
    Step(shown="rotation retry --reason contested", code=1, says=NOTHING),
    Step(
        shown='rotation abandon ROTATION_ID --reason "does not sign in"',
        fill=rotation("survey-portal"),
        first=Play.settle,
    ),
    Step(shown='rotation abandon ROTATION_ID --reason "rotated by hand"', fill=rotation("intranet-search")),
    Step(
        shown="az ad app credential delete --id CLIENT_ID --key-id KEY_ID",
        fill={
            "CLIENT_ID": client("survey-portal"),
            "KEY_ID": lambda play: play.member("survey-portal").credentials[0].key_id,
        },
    ),
    Step(shown="rotation replay"),
    Step(shown="rotation release APPLICATION --line LINE", fill=of("intranet-search"), first=Play.settle),
    Step(shown="rotation enrol APPLICATION --line LINE --adopt", fill=of("intranet-search"), says="is enrolled"),
    Step(shown="rotation rotate APPLICATION --line LINE", fill=of("intranet-search")),
    Step(shown="rotation rotate APPLICATION", fill=of("canary")),
    Step(shown="rotation rotate APPLICATION --line LINE --succeed", fill=of("payroll-export"), first=Play.settle),
    Step(
        shown="rotation deliver APPLICATION --version ID",
        fill={**of("payroll-export"), "ID": lambda play: play.older_version("payroll-export")},
        first=Play.settle,
    ),
    Step(shown="rotation retire ROTATION_ID --preview", fill=rotation("warehouse-sync"), first=Play.settle),
    Step(shown='rotation retire ROTATION_ID --yes --reason "why"', fill=rotation("warehouse-sync")),
    Step(
        shown="rotation rotate APPLICATION --line LINE --reason compromised --burnt KEY_ID",
        fill=burnt("badge-reader"),
        first=Play.settle,
    ),
    Step(
        shown="rotation rotate APPLICATION --reason compromised --burnt KEY_ID",
        fill=burnt("fleet-gateway"),
        first=Play.settle,
    ),
)

VAULT_BY_HAND = (
    Step(
        shown="az keyvault secret set --vault-name VAULT --name NAME --file PATH",
        fill={"VAULT": VAULT, "NAME": "by-hand", "PATH": lambda play: play.keep("text", "a text")},
    ),
    Step(
        shown="az keyvault secret recover --vault-name VAULT --name NAME",
        fill={"VAULT": VAULT, "NAME": "by-hand"},
        first=lambda play: play.delete_from_vault("by-hand"),
    ),
    Step(
        shown="az keyvault secret purge --vault-name VAULT --name NAME",
        fill={"VAULT": VAULT, "NAME": "by-hand"},
        first=lambda play: play.delete_from_vault("by-hand"),
    ),
)

BY_HAND = (
    Step(
        shown="az ad app credential list --id CLIENT_ID", fill={"CLIENT_ID": client("badge-reader")}, first=Play.settle
    ),
    Step(
        shown='az ad app credential reset --id CLIENT_ID --append --display-name "by hand" --years 1',
        fill={"CLIENT_ID": client("badge-reader")},
        says="password",
    ),
    Step(
        shown="az keyvault secret set --vault-name VAULT --name NAME --file FILE",
        fill={**named("badge-reader"), "FILE": value_by_hand},
    ),
    Step(shown="az keyvault secret list-versions --vault-name VAULT --name NAME -o table", fill=named("badge-reader")),
    Step(shown="rotation adopt APPLICATION --line LINE --preview", fill=of("badge-reader")),
    Step(shown="rotation adopt APPLICATION --line LINE --date-only", fill=of("badge-reader")),
    Step(shown="rotation adopt APPLICATION --line LINE", fill=of("badge-reader")),
    Step(
        shown="rotation adopt APPLICATION --line LINE --key-id KEY_ID",
        fill={**of("badge-reader"), "KEY_ID": lambda play: play.made_by_hand("badge-reader")},
    ),
)

DISASTERS = (
    Step(shown="rotation reissue --vault VAULT --preview", fill=LOST, first=Play.settle, says="lines to rotate again"),
    Step(shown='rotation reissue --vault VAULT --reason "the vault is lost"', fill=LOST, says="to rotate again"),
    Step(shown="rotation reissue --vault VAULT --again", fill=LOST, answers="y\nlost again\ny\n"),
    Step(shown="rotation reissue --vault VAULT --compromised --preview", fill=LOST, says="burnt"),
    Step(
        shown='rotation reissue --vault VAULT --compromised --reason "leaked"',
        fill=LOST,
        answers=lambda play: f"{vault(play)}\n",
    ),
    Step(shown="rotation rebuild", first=Play.settle),
    Step(shown="rotation rebuild --vault URL", fill={"URL": lambda play: play.cloud.urls["vault2"]}),
    Step(shown="rotation rebuild --yes"),
)

LEAVING = (
    Step(shown="rotation pause --reason leaving", first=Play.settle),
    Step(shown="rotation release --all"),
    Step(shown="rotation status --all"),
)

UPGRADE = (
    Step(shown="rotation pause --reason upgrade", first=Play.settle),
    Step(shown="python -m rotation pause --reason ...", says="paused"),
    Step(shown="rotation resume", answers="over\n"),
    Step(shown='rotation resume --breaker --reason "what was mended"'),
    Step(shown="rotation export", says="secret"),
    Step(shown="rotation export --audit"),
    Step(
        shown="rotation export --audit --since 2026-01-01 --output audit.csv",
        fill={"audit.csv": lambda play: str(play.folder / "audit.csv")},
    ),
)

STORY = (*FIRST_WEEK, *MORNING, *UPGRADE, *VAULT_BY_HAND, *BY_HAND, *DISASTERS, *LEAVING)
