"""`connections:`, and which destinations may use which of them: every problem at once, each at its place."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from rotation.config import ConfigurationRefused, Kind, Loaded, load
from rotation.domain.identifiers import DestinationName
from rotation.integrations.catalogue import KINDS as SHIPPED
from rotation.integrations.connections import TYPES
from tests.unit.config.conftest import KINDS, HookSettings, SmallKind, VaultSettings

type Told = Callable[[str], str]

CONNECTING: Mapping[str, Kind] = {
    **KINDS,
    "repository": SmallKind(settings_model=HookSettings, connections=("github-app", "token")),
    "cluster": SmallKind(settings_model=VaultSettings, connections=("token", "identity")),
}
APP = "{type: github-app, app_id: 1, installation_id: 2, secret: app-key}"


def read(text: str) -> Loaded:
    return load(dedent(text).lstrip("\n"), name="r.yaml", kinds=CONNECTING)


@pytest.fixture
def told() -> Told:
    def refused(text: str) -> str:
        with pytest.raises(ConfigurationRefused) as caught:
            read(text)
        return str(caught.value)

    return refused


def test_a_connection_is_read_with_its_reference_and_used_by_its_destinations() -> None:
    found = read(f"""
        connections:
          github: {APP}
          other: {{type: token, secret: "https://other.example/secrets/token"}}
        destinations:
          app: {{kind: repository, connection: github, url: "https://x"}}
          pod: {{kind: cluster, vault: v, secret: s}}
    """).configuration
    assert found.connections["github"].secrets == ("app-key",)
    assert found.connections["other"].secrets == ("https://other.example/secrets/token",)
    app, pod = found.destinations.values()
    assert app.connection == found.connections["github"]
    assert pod.connection is None, "our own identity"


def test_who_signs_in_is_part_of_what_is_approved() -> None:
    """Another user or another vault secret is another fingerprint; another name for the same is not."""
    prints = {
        read(f"connections: {{c: {{type: basic, user: {user}, secret: {secret}}}}}")
        .configuration.connections["c"]
        .fingerprint
        for user, secret in (("ann", "one"), ("bob", "one"), ("ann", "two"), ("ann", "one"))
    }
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "connections: {c: {type: githab-app, secret: s}}",
            (
                f"r.yaml:1:19  connections.c.type: 'githab-app' is not known here\n"
                f"    allowed: {', '.join(TYPES)}\n    meant?   github-app"
            ),
        ),
        (
            "connections: {c: {secret: s}}",
            (
                "r.yaml:1:15  connections.c.type: is missing, so nobody knows what else belongs here\n"
                f"    allowed: {', '.join(sorted(TYPES))}"
            ),
        ),
        (
            "connections: {c: tokn}",
            (
                "r.yaml:1:15  connections.c: is a text, not a mapping\n"
                "    allowed: a mapping with `type` and what that type needs\n    meant?   {type: token}"
            ),
        ),
        (
            "connections:\n  c:\n",
            (
                "r.yaml:2:3  connections.c: is nothing, not a mapping\n"
                "    allowed: a mapping with `type` and what that type needs"
            ),
        ),
        (
            "connections: [token]",
            "r.yaml:1:1  connections: is a list, not a mapping\n    allowed: names, each with a mapping below it",
        ),
        (
            "connections: {C: {type: token, secret: s}}",
            "r.yaml:1:15  connections.C: 'C' is not a name\n    allowed: 1 to 40 of a-z, 0-9 and -",
        ),
        (
            "connections: {c: {type: token, secret: s, user: me}}",
            "r.yaml:1:43  connections.c.user: unknown key\n    allowed: secret, type\n    meant?   secret",
        ),
        (
            "connections: {c: {type: client-secret, tenant_id: contoso, client_id: 5, secret: s}}",
            (
                "r.yaml:1:40  connections.c.tenant_id: is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e\n"
                "r.yaml:1:60  connections.c.client_id: should be a valid string"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_connection(told: Told, text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (
            "{kind: repository, connection: githup, url: 'https://x'}",
            (
                "r.yaml:3:25  destinations.d.connection: there is no connection 'githup'\n"
                "    allowed: github\n    meant?   github"
            ),
        ),
        (
            "{kind: repository, url: 'https://x'}",
            (
                "r.yaml:3:3  destinations.d.connection: kind repository needs a connection to sign in with\n"
                "    allowed: a connection of type github-app, token"
            ),
        ),
        (
            "{kind: cluster, connection: github, vault: v, secret: s}",
            (
                "r.yaml:3:22  destinations.d.connection: 'github' is of type github-app, which kind cluster does not take\n"
                "    allowed: a connection of type identity, token"
            ),
        ),
        (
            "{kind: webhook, connection: github, url: 'https://x'}",
            "r.yaml:3:22  destinations.d.connection: kind webhook takes no connection\n    allowed: leave it out",
        ),
        (
            "{kind: repository, connection: [github], url: 'https://x'}",
            "r.yaml:3:25  destinations.d.connection: a list is not a name\n    allowed: 1 to 40 of a-z, 0-9 and -",
        ),
    ],
)
def test_what_is_wrong_with_the_use_of_a_connection(told: Told, destination: str, expected: str) -> None:
    assert told(f"connections: {{github: {APP}}}\ndestinations:\n  d: {destination}\n") == expected


def test_a_value_that_stands_where_a_reference_belongs_is_refused_and_not_shown(told: Told) -> None:
    answer = told('connections: {c: {type: token, secret: "ghp_hunter2!"}}')
    assert "never the secret itself" in answer
    assert "hunter2" not in answer


def test_the_page_explains_every_type_and_its_example_loads() -> None:
    page = (Path(__file__).parents[3] / "docs" / "connections.md").read_text(encoding="utf-8")
    assert [word for word in TYPES if f"| `{word}` |" not in page] == []
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    found = load(example, name="r.yaml", kinds=SHIPPED).configuration
    assert found.destinations[DestinationName("erp-pipeline")].connection == found.connections["github"]


def test_every_problem_is_told_at_once_and_in_the_order_of_the_file(told: Told) -> None:
    answer = told("""
        connections:
          one: {secret: s}
          two: {type: token}
          three: {type: basic, user: "", secret: "no reference"}
        destinations:
          a: {kind: repository, connection: for, url: "https://x"}
          b: {kind: cluster, connection: two, vault: v}
          c: {kind: repository, connection: one, url: "https://x", audience: nobody}
    """)
    places = [
        line.split("  ")[0] + " " + line.split("  ")[1].split(": ")[0] for line in answer.splitlines() if line[0] == "r"
    ]
    assert places == [
        "r.yaml:2:3 connections.one.type",
        "r.yaml:3:3 connections.two.secret",
        "r.yaml:4:24 connections.three.user",
        "r.yaml:4:34 connections.three.secret",
        "r.yaml:6:25 destinations.a.connection",
        "r.yaml:7:3 destinations.b.secret",
        "r.yaml:8:60 destinations.c.audience",
    ]
