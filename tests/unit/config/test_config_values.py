"""Each value that cannot be read is told with its line, its field, what is allowed, and what was probably meant."""

from textwrap import dedent, indent

import pytest

from tests.unit.config.conftest import Refusal

POLICY = """\
policies:
  - name: one
    select:
      everything: true
"""

DURATIONS = "a duration such as 180d, 26w, 12h"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("lifetime: 30", ("lifetime: '30' has no unit", DURATIONS, "30d")),
        ('lifetime: "30"', ("lifetime: '30' has no unit", DURATIONS, "30d")),
        ("proof_over: 2", ("proof_over: '2' has no unit", DURATIONS, "2m")),
        ("lifetime: 6 months", ("lifetime: '6 months' has no unit that is known", DURATIONS, "180d")),
        ("lifetime: 2y", ("lifetime: '2y' has no unit that is known", DURATIONS, "730d")),
        ("lifetime: 90 Days", ("lifetime: '90 Days' has no unit that is known", DURATIONS, "90d")),
        ("lifetime: 3x", ("lifetime: '3x' has no unit that is known", DURATIONS, "")),
        ("lifetime: soon", ("lifetime: 'soon' is not a duration", DURATIONS, "")),
        ("lifetime: -3d", ("lifetime: '-3d' is not a duration", DURATIONS, "")),
        ("lifetime: 1.5", ("lifetime: '1.5' is not a duration", DURATIONS, "")),
        ("lifetime: true", ("lifetime: 'true' is not a duration", DURATIONS, "")),
        ("lifetime: [30d]", ("lifetime: a list is not a duration", DURATIONS, "")),
        ("lifetime: 0d", ("lifetime: '0d' is no time at all", "a duration of more than zero", "")),
        ("lifetime: 99999999w", ("lifetime: '99999999w' is longer than a century", DURATIONS, "")),
        ("lifetime:", ("lifetime: has no value", "a value, or leave the key out", "")),
        ("mode: rotat", ("mode: 'rotat' is not known here", "monitor, rotate, ignore", "rotate")),
        ("mode: 3", ("mode: '3' is not known here", "monitor, rotate, ignore", "")),
        ("enrol: automatic", ("enrol: 'automatic' is not known here", "person, auto", "auto")),
        ("proof: best effort", ("proof: 'best effort' is not known here", "required, best-effort", "best-effort")),
        (
            "retire: after_overlap",
            ("retire: 'after_overlap' is not known here", "evidence, after-overlap", "after-overlap"),
        ),
        ("heal: maybe", ("heal: 'maybe' is not known here", "true, false", "")),
        ("heal: off", ("heal: 'off' is not known here", "true, false", "false")),
        ("approval: true", ("approval: 'true' is not known here", "required, none", "required")),
        ("at_most: 0", ("at_most: '0' is not such a number", "a whole number of at least 1", "")),
        ('at_most: "5"', ("at_most: '5' is not such a number", "a whole number of at least 1", "")),
        ("at_most: true", ("at_most: 'true' is not such a number", "a whole number of at least 1", "")),
        (
            "vault: contoso",
            (
                "vault: 'contoso' is not a vault's address",
                "an address such as https://contoso.vault.azure.net",
                "https://contoso.vault.azure.net",
            ),
        ),
        (
            "vault: http://contoso.vault.azure.net",
            (
                "vault: 'http://contoso.vault.azure.net' is not a vault's address",
                "an address such as https://contoso.vault.azure.net",
                "",
            ),
        ),
        (
            "vault: https://contoso.vault.azure.net/secrets/x",
            (
                "vault: 'https://contoso.vault.azure.net/secrets/x' is not a vault's address",
                "an address such as https://contoso.vault.azure.net",
                "",
            ),
        ),
        ("audience: Team A", ("audience: 'Team A' is not a name", "1 to 40 of a-z, 0-9 and -", "team-a")),
        ("destinations: hook", ("destinations: is a text, not a list", "a list such as [one, two]", "[hook]")),
        (
            "description: " + "x" * 51,
            (f"description: '{'x' * 51}' cannot be a description", "one line of at most 50 characters", ""),
        ),
        (
            "secret_name: app-{clientid}",
            ("secret_name: unknown placeholder '{clientid}'", "{client_id}, {object_id}, {line}", "app-{client_id}"),
        ),
        (
            "secret_name: app_{client_id}",
            (
                "secret_name: 'app_{client_id}' cannot be a vault secret's name",
                (
                    "A-Z, a-z, 0-9, - and {client_id}, {object_id}, {line}; at most 120 characters when filled in; "
                    "not ending in -staged"
                ),
                "",
            ),
        ),
        (
            "liftime: 30d",
            (
                "liftime: unknown key",
                (
                    "approval, at_most, audience, description, destinations, enrol, freeze, hand_off_deadline, heal, "
                    "lead_time, lifetime, lines, mode, name, overlap, proof, proof_over, quiet, readers, retire, "
                    "rungs, secret_name, select, vault, window"
                ),
                "lifetime",
            ),
        ),
    ],
)
def test_a_policy_s_value(refusal: Refusal, key: str, told: tuple[str, str, str]) -> None:
    what, allowed, meant = told
    expected = f"r.yaml:5:5  policies[0].{what}\n    allowed: {allowed}" + (f"\n    meant?   {meant}" if meant else "")
    assert refusal(POLICY + f"    {key}\n") == expected


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("days: [mon, Tuesday]", "7:19  policies[0].window.days[1]: 'Tuesday' is not a day|mon, tue, wed, thu, fri, sat, sun|tue"),
        ("days: []", "7:7  policies[0].window.days: never opens|at least one day|"),
        ('hours: "22-5"', "7:7  policies[0].window.hours: '22-5' is not a span of hours|two times of day such as \"22:00-05:00\"|"),
        ('hours: "22:00-24:00"', "7:7  policies[0].window.hours: '22:00-24:00' is not a span of hours|two times of day such as \"22:00-05:00\"|"),
        ("zone: Europe/Amsterdm", "7:7  policies[0].window.zone: 'Europe/Amsterdm' is not a time zone|a name of the IANA time zone database, such as Europe/Amsterdam or UTC|Europe/Amsterdam"),
        ("zoned: UTC", "7:7  policies[0].window.zoned: unknown key|days, hours, zone|zone"),
    ],
)  # fmt: skip
def test_a_window_s_value(refusal: Refusal, key: str, told: str) -> None:
    place, allowed, meant = told.split("|")
    expected = f"r.yaml:{place}\n    allowed: {allowed}" + (f"\n    meant?   {meant}" if meant else "")
    assert (
        refusal(POLICY + f"    window:\n      days: [mon]\n      {key}\n".replace("days: [mon]", "# here")) == expected
    )


@pytest.mark.parametrize(
    ("entry", "what", "meant"),
    [
        ("christmas", "'christmas' is not a date", ""),
        ("2026-02-30", "'2026-02-30' is not in the calendar", ""),
        ("2027-01-03..2026-12-20", "'2027-01-03..2026-12-20' ends before it begins", "2026-12-20..2027-01-03"),
        ("20261220", "'20261220' is not a date", ""),
    ],
)
def test_a_freeze(refusal: Refusal, entry: str, what: str, meant: str) -> None:
    told = refusal(f"defaults:\n  freeze:\n    - 2026-12-24\n    - {entry}\n")
    allowed = "a date or two, such as 2026-12-20..2027-01-03"
    expected = f"r.yaml:4:7  defaults.freeze[1]: {what}\n    allowed: {allowed}"
    assert told == expected + (f"\n    meant?   {meant}" if meant else "")


def test_a_freeze_with_a_misspelt_reason(refusal: Refusal) -> None:
    assert refusal("defaults:\n  freeze:\n    - {dates: 2026-12-24, wy: x}\n") == (
        "r.yaml:3:7  defaults.freeze[0]: unknown key 'wy'\n    allowed: dates, why\n    meant?   why"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "policys: []",
            ("r.yaml:1:1  policys: unknown key\n"
            "    allowed: audiences, canary, connections, defaults, destinations, limits, policies, reminders\n    meant?   policies"),
        ),
        (
            "policies: {a: b}",
            "r.yaml:1:1  policies: is a mapping, not a list\n    allowed: a list whose entries begin with `- name:`",
        ),
        (
            "policies: [a]",
            ("r.yaml:1:12  policies[0]: is a text, not a mapping\n    allowed: a mapping of approval, at_most, audience, "
            "description, destinations, enrol, freeze, hand_off_deadline, heal, lead_time, lifetime, lines, mode, name, "
            "overlap, proof, proof_over, quiet, readers, retire, rungs, secret_name, select, vault, window"),
        ),
        (
            "defaults: 3",
            ("r.yaml:1:1  defaults: is a number, not a mapping\n    allowed: a mapping of approval, audience, freeze, "
            "hand_off_deadline, heal, lead_time, lifetime, overlap, proof, proof_over, quiet, retire, window"),
        ),
        (
            "limits: {opened_per_night: 0}",
            "r.yaml:1:10  limits.opened_per_night: '0' is not such a number\n    allowed: a whole number of at least 1",
        ),
        (
            "limits: {first_week: {open_at_once: -1}}",
            ("r.yaml:1:23  limits.first_week.open_at_once: '-1' is not such a number\n"
            "    allowed: a whole number of at least 0"),
        ),
        (
            "reminders: {rungs: [60d, 36h]}",
            ("r.yaml:1:26  reminders.rungs[1]: '36h' is not a number of days\n"
            "    allowed: whole days such as 30d, or expired"),
        ),
        (
            "reminders: {sender: rotation}",
            ("r.yaml:1:13  reminders.sender: 'rotation' is not a mail address\n"
            "    allowed: an address such as team@contoso.com"),
        ),
        (
            "audiences: {Ops: {teams_secret: x}}",
            "r.yaml:1:13  audiences.Ops: 'Ops' is not a name\n    allowed: 1 to 40 of a-z, 0-9 and -",
        ),
        ("audiences: [ops]", "r.yaml:1:1  audiences: is a list, not a mapping\n    allowed: names, each with a mapping below it"),
        (
            "canary: {policy: a}\npolicies: [{name: a, select: {object_ids: [billing]}}]",
            ("r.yaml:1:1  canary.application: is missing\n    allowed: Object id of the application made for it.\n"
            "r.yaml:2:44  policies[0].select.object_ids[0]: 'billing' is not an id\n"
            "    allowed: a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e"),
        ),
    ],
)  # fmt: skip
def test_other_sections(refusal: Refusal, text: str, told: str) -> None:
    assert refusal(text) == told


def test_a_policy_without_name_and_selector(refusal: Refusal) -> None:
    assert refusal("policies:\n  - mode: rotate\n") == (
        "r.yaml:2:5  policies[0].name: is missing\n    allowed: The policy's name; an enrolment keeps it.\n"
        "r.yaml:2:5  policies[0].select: is missing\n    allowed: Which applications."
    )


def test_a_line_s_value(refusal: Refusal) -> None:
    lines = dedent("""\
        lines:
          - name: web
            for: 42
            lifetime: 30
        """)
    assert refusal(POLICY + indent(lines, "    ")) == (
        "r.yaml:7:9  policies[0].lines[0].for: '42' is not an id\n"
        "    allowed: a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e\n"
        "r.yaml:8:9  policies[0].lines[0].lifetime: '30' has no unit\n"
        f"    allowed: {DURATIONS}\n    meant?   30d"
    )


def test_a_long_value_is_cut(refusal: Refusal) -> None:
    assert f"lifetime: '{'z' * 57}...' is not a duration" in refusal(POLICY + f"    lifetime: {'z' * 200}\n")
