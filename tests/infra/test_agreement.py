"""infra/ and the code name the same things: no setting without a reader, none read without a definition."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import azure.functions as func
import pytest
import yaml

from rotation.adapters import audit, snapshots
from rotation.adapters.config_source import BLOB
from rotation.adapters.graph import applications, credentials, rules, usage
from rotation.ledger import keys
from rotation.settings import STORAGE, Settings, StorageConnection, read
from rotation.triggers.http import routes
from rotation.triggers.queues import queues
from rotation.triggers.timers import timers
from rotation.web.principal import Role
from tests.infra import bicep

NOT_IN_AZURE = {
    STORAGE: "a connection string holds a key; Azure has identities",
    f"{STORAGE}__accountName": "the three addresses stand instead",
    f"{STORAGE}__endpointSuffix": "the three addresses stand instead",
    "ROTATION_VERIFY_VAULT_CHALLENGE": "false is for an emulator alone, and true is the default",
}
"""Settings that the code reads and infra/ leaves out, each with the reason."""

READ_BY_THE_PLATFORM = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "the host, and rotation.telemetry, which speaks where settings are wrong",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the host, and Azure Monitor's exporter",
    "PYTHON_ENABLE_OPENTELEMETRY": "the worker: it hands on the host's trace, and the host logs nothing twice",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "App Service Authentication",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS": "App Service Authentication",
}
"""Settings that infra/ defines and our code does not read, each with its reader (platform.md D4)."""

SET_BY_THE_PLATFORM = {"WEBSITE_AUTH_ENABLED", "WEBSITE_RESOURCE_GROUP", "WEBSITE_SITE_NAME"}
"""Names that our code reads and App Service sets."""

FORBIDDEN_IN_FLEX = {"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"}
"""platform.md D4."""

SPANS = {
    "leaseSeconds": "lease",
    "lookSpacingSeconds": "look_spacing",
    "writeQuotaSeconds": "write_quota",
    "phaseDeadlineHours": "phase_deadline",
    "pausedRecheckSeconds": "paused_recheck",
    "scanHeartbeatSeconds": "scan_heartbeat",
    "scanSilentSeconds": "scan_silent_after",
}


@cache
def _all_bindings() -> list[dict[str, Any]]:
    """Of an app of our own: an app can be indexed once, and other tests index the one of function_app.py."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    for blueprint in (timers, queues, routes):
        app.register_functions(blueprint)
    return [binding for each in app.get_functions() for binding in json.loads(each.get_function_json())["bindings"]]


def _bindings(kind: str) -> list[dict[str, Any]]:
    return [binding for binding in _all_bindings() if binding["type"] == kind]


def _defined() -> dict[str, Any]:
    tree = bicep.module("app")
    parts = ("ownSettings", "hostSettings", "signInSettings")
    return {name: value for part in parts for name, value in bicep.variable(tree, part).items()}


def _read_by_settings() -> set[str]:
    fields = [*Settings.model_fields.values(), *StorageConnection.model_fields.values()]
    return {str(field.validation_alias) for field in fields if field.validation_alias}


def _named_in_code() -> Iterator[str]:
    for path in (bicep.ROOT / "rotation").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from re.findall(r"^(?:ROTATION|AZURE|WEBSITE|FUNCTIONS)_[A-Z_]+$", node.value)


def _default(name: str) -> Any:
    return bicep.template(bicep.MAIN)["parameters"][name]["default"]


def test_tables_are_those_of_the_ledger() -> None:
    assert bicep.variable(bicep.module("storage"), "tables") == list(keys.TABLES)


def test_queues_are_those_of_the_ledger_each_with_its_poison_queue() -> None:
    wanted = [name for queue in keys.QUEUES for name in (queue, f"{queue}-poison")]
    assert bicep.variable(bicep.module("storage"), "queues") == wanted


def test_every_queue_has_a_function() -> None:
    assert sorted(binding["queueName"] for binding in _bindings("queueTrigger")) == sorted(
        bicep.variable(bicep.module("storage"), "queues")
    )


def test_containers_are_those_of_the_code() -> None:
    tree = bicep.module("storage")
    assert bicep.variable(tree, "snapshotContainer") == snapshots.CONTAINER
    assert bicep.variable(tree, "auditContainer") == audit.CONTAINER
    place = _default("configuration")
    assert place.startswith(BLOB)
    assert place.removeprefix(BLOB).split("/")[0] == bicep.variable(tree, "configurationContainer")


def test_every_setting_that_the_code_reads_is_defined() -> None:
    assert _read_by_settings() - set(NOT_IN_AZURE) <= set(_defined())
    assert set(NOT_IN_AZURE) <= _read_by_settings(), "an excuse for a setting that nobody reads"


def test_every_setting_that_is_defined_has_a_reader() -> None:
    assert set(_defined()) - set(READ_BY_THE_PLATFORM) <= _read_by_settings()
    assert set(READ_BY_THE_PLATFORM) <= set(_defined()), "a reader of a setting that is not defined"
    assert not set(NOT_IN_AZURE) & set(_defined())
    assert not set(_defined()) & FORBIDDEN_IN_FLEX


def test_all_settings_reach_the_app() -> None:
    union = bicep.variable(bicep.module("app"), "settings")["function"]
    assert union["type"] == "union"
    assert {"ownSettings", "hostSettings", "signInSettings"} <= bicep.literals(union)


def test_the_code_reads_no_setting_behind_settings() -> None:
    assert set(_named_in_code()) <= _read_by_settings() | SET_BY_THE_PLATFORM


def test_the_settings_are_accepted_by_the_code() -> None:
    """With the values that they would have in Azure; those that only Azure knows are made up."""
    made_up = {
        "ROTATION_TENANT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "ROTATION_VAULT_URL": "https://kv-x.vault.azure.net/",
        "ROTATION_CONFIG": _default("configuration"),
        "ROTATION_OWN_CLIENT_IDS": "",
        "ROTATION_GRAPH_URL": "https://graph.microsoft.com",
        "ROTATION_ARM_URL": "https://management.azure.com/",
        "ROTATION_SIGN_IN_WORKSPACES": _default("signInWorkspaces"),
        "ROTATION_LOGS_URL": "https://api.loganalytics.io",
        "ROTATION_DASHBOARD_URL": "https://func-rotation-x.azurewebsites.net",
        "AZURE_CLIENT_ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
        f"{STORAGE}__blobServiceUri": "https://stx.blob.core.windows.net/",
        f"{STORAGE}__queueServiceUri": "https://stx.queue.core.windows.net/",
        f"{STORAGE}__tableServiceUri": "https://stx.table.core.windows.net/",
        f"{STORAGE}__credential": "managedidentity",
        f"{STORAGE}__clientId": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    }
    spans, schedules = _default("spans"), _default("schedules")
    for name, value in _defined().items():
        for found in bicep.literals(value) & set(spans):
            made_up[name] = str(spans[found])
        if name.endswith("_SCHEDULE"):
            made_up[name] = schedules[name.removesuffix("_SCHEDULE").lower()]
    assert set(made_up) == set(_defined()) - set(READ_BY_THE_PLATFORM)
    assert read(made_up).config == _default("configuration")


@pytest.mark.parametrize(("parameter", "field"), SPANS.items())
def test_spans_have_the_defaults_of_the_code(parameter: str, field: str) -> None:
    unit = 3600 if parameter.endswith("Hours") else 1
    assert _default("spans")[parameter] * unit == Settings.model_fields[field].default.total_seconds()


def test_spans_are_the_parameters_and_no_other() -> None:
    assert set(_default("spans")) == set(SPANS)
    described = bicep.decorator(bicep.module("app")["parameters"]["spans"], "description")
    assert all(name in described for name in SPANS)


def test_schedules_are_those_that_the_timers_name() -> None:
    wanted = {binding["schedule"].strip("%") for binding in _bindings("timerTrigger")}
    assert {f"{name.upper()}_SCHEDULE" for name in _default("schedules")} == wanted
    assert wanted <= set(_defined())


def test_schedules_are_the_usual_ones() -> None:
    """As rotation/settings describes them, and the example of a laptop has them."""
    example = json.loads((bicep.ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    for name, schedule in _default("schedules").items():
        assert example[f"{name.upper()}_SCHEDULE"] == schedule
        described = Settings.model_fields[f"{name}_schedule"].description
        assert described is not None
        assert f"`{schedule}`" in described


def test_triggers_use_the_storage_that_is_defined() -> None:
    for binding in _bindings("queueTrigger"):
        assert f"{binding['connection']}__queueServiceUri" in _defined()


def test_the_sign_in_lets_keys_and_links_pass_and_the_app_refuses() -> None:
    authentication = bicep.body(bicep.module("auth")["resources"]["authentication"])["properties"]
    assert authentication["platform"]["enabled"] is True
    assert authentication["globalValidation"] == {
        "requireAuthentication": False,
        "unauthenticatedClientAction": "AllowAnonymous",
        "redirectToProvider": "azureactivedirectory",
    }


def test_the_identity_may_do_what_the_code_names_when_it_is_refused() -> None:
    """Each adapter names the permission that it lacked; those are what is granted, and the other way round."""
    told = f"{applications.READ} {credentials.WRITE} {rules.READ_POLICIES} {usage.READ_REPORTS}"
    named = set(re.findall(r"[A-Z]\w+\.Read[\w.]*\w", told))
    tree = bicep.module("graph")
    parts = [bicep.literals(bicep.variable(tree, part)) for part in ("writePermissions", "readPermissions")]
    granted = {text for part in parts for text in part if "." in text}
    assert granted == named


def test_the_script_grants_what_bicep_grants() -> None:
    script = (bicep.INFRA / "scripts" / "grant-graph-permissions.sh").read_text("utf-8")
    lines = re.findall(r"permissions\+?=\(([^)]+)\)", script)
    tree = bicep.module("graph")
    written = bicep.variable(tree, "writePermissions")["operator"]["operands"]
    owners = bicep.variable(tree, "ownerPermissions")["operator"]["operands"]
    assert [line.split() for line in lines] == [
        written["true_value"],
        written["false_value"],
        bicep.variable(tree, "readPermissions"),
        owners["true_value"],
    ]


def test_the_script_registers_what_bicep_registers() -> None:
    script = (bicep.INFRA / "scripts" / "register-applications.sh").read_text("utf-8")
    resources = bicep.module("graph")["resources"]
    sign_in, canary = (bicep.body(resources[name]) for name in ("signIn", "canary"))
    roles = dict(re.findall(r"\$\(role (\w+) '([^']+)'", script))
    assert {f"Rotation.{name}": told for name, told in roles.items()} == {
        role["value"]: role["description"] for role in sign_in["appRoles"]
    }
    (claim,) = sign_in["optionalClaims"]["accessToken"]
    assert claim == {"name": "idtyp"}, "says that a token is an application's own (web/principal.py)"
    assert '"optionalClaims":{"accessToken":[{"name":"idtyp"}]}' in script
    for one in (sign_in, canary):
        assert one["description"] in script
        assert one["displayName"].replace("${suffix}", "$suffix") in script
    for name in ("signInName", "canaryName"):
        assert bicep.variable(bicep.module("graph"), name).replace("${suffix}", "$suffix") in script
    trust = bicep.body(resources["signInByIdentity"])
    assert trust["audiences"][0] in script


def test_app_roles_of_people_are_those_of_the_protocol() -> None:
    signed_in = bicep.body(bicep.module("graph")["resources"]["signIn"])
    roles = {role["value"]: role["allowedMemberTypes"] for role in signed_in["appRoles"]}
    assert set(roles) == {role.claim for role in Role}
    assert roles[Role.ADMINISTRATOR.claim] == ["User"], "no application declares a compromise"


def test_azd_deploys_to_the_app() -> None:
    azure = yaml.safe_load((bicep.ROOT / "azure.yaml").read_text("utf-8"))
    (service,) = azure["services"]
    assert bicep.body(bicep.template(bicep.MAIN)["modules"]["app"])["params"]["serviceName"] == service
    assert azure["services"][service] == {"project": ".", "language": "python", "host": "function"}
    assert azure["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}


def test_hooks_use_outputs_and_scripts_that_exist() -> None:
    azure = yaml.safe_load((bicep.ROOT / "azure.yaml").read_text("utf-8"))
    outputs = bicep.template(bicep.MAIN)["outputs"]
    for hook in azure["hooks"].values():
        for name in re.findall(r"\$\{?(\w+)", hook["run"]):
            assert name in outputs or name in {"ROTATION_PRIVATE_NETWORK", "AZURE_SUBSCRIPTION_ID"}, name
        for script in re.findall(r"infra/scripts/\S+", hook["run"]):
            assert (bicep.ROOT / script).is_file(), script


def test_a_terminal_finds_its_settings_among_the_outputs() -> None:
    """`azd env get-values` gives a person what rotation/settings needs."""
    values = {
        "ROTATION_TENANT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "ROTATION_VAULT_URL": "https://kv-x.vault.azure.net/",
        "ROTATION_CONFIG": _default("configuration"),
        "ROTATION_OWN_CLIENT_IDS": "7c9e6679-7425-40de-944b-e07fc1f90ae7,",
        f"{STORAGE}__accountName": "stx",
    }
    assert set(values) <= set(bicep.template(bicep.MAIN)["outputs"])
    found = read(values, hosted=False)
    assert found.storage.addresses["table"] == "https://stx.table.core.windows.net"


def test_the_runtime_is_the_one_that_the_project_is_made_for() -> None:
    site = bicep.body(bicep.module("app")["resources"]["app"])["properties"]
    assert f'requires-python = "=={site["functionAppConfig"]["runtime"]["version"]}.*"' in (
        bicep.ROOT / "pyproject.toml"
    ).read_text("utf-8")
