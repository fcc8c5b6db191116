"""From text to the values that decisions work with: merging, defaults, precedence, overlaps, digest."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta

import pytest

from rotation.config import ConfigurationRefused, overlaps
from rotation.domain.credential import Application
from rotation.domain.errors import Misconfigured
from rotation.domain.identifiers import ClientId, LineName, ObjectId, PolicyName
from rotation.domain.policy import Configuration, Enrol, LineEntry, Mode, Proof, Ramp, Retire
from tests.unit.config.conftest import Read

DAY = timedelta(days=1)
ONE = "0f8fad5b-d9cb-469f-a165-70867728950e"
TWO = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT = "16fd2706-8baf-433b-82eb-8c7fada847da"


def line_of(configuration: Configuration, policy: str, line: str = "default") -> LineEntry:
    found = configuration.policy(PolicyName(policy))
    assert found is not None
    return next(entry for entry in found.lines if entry.name == line)


def application(name: str = "billing-api", *, object_id: str = ONE, tags: tuple[str, ...] = ()) -> Application:
    return Application(object_id=ObjectId(object_id), client_id=ClientId(CLIENT), display_name=name, tags=tags)


def test_the_least_that_one_can_say_watches_and_changes_nothing(read: Read) -> None:
    configuration = read("policies: []\n").configuration
    assert configuration == Configuration(digest=configuration.digest)


def test_sections_without_entries_are_empty(read: Read) -> None:
    assert read("policies:\ndestinations:\naudiences:\nlimits:\n").configuration.policies == ()


def test_a_policy_by_default_monitors_one_line_and_asks_a_person(read: Read) -> None:
    (policy,) = read("policies: [{name: a, select: {everything: true}}]").configuration.policies
    assert (policy.mode, policy.enrol, policy.at_most, policy.vault) == (Mode.MONITOR, Enrol.PERSON, None, "")
    assert policy.lines == (LineEntry(name=LineName("default")),)


def test_a_line_s_word_goes_before_its_policy_s_and_that_before_the_defaults(read: Read) -> None:
    configuration = read("""
        defaults: {lifetime: 100d, lead_time: 20d, overlap: 5d, proof: best-effort, approval: required}
        policies:
          - name: a
            select: {everything: true}
            lifetime: 200d
            overlap: 1w
            quiet: 240h
            approval: none
            lines:
              - {name: web, lifetime: 300d, retire: after-overlap, proof_over: 10s}
              - {name: job}
        """).configuration
    web, job = line_of(configuration, "a", "web").terms, line_of(configuration, "a", "job").terms
    assert (web.lifetime, job.lifetime) == (300 * DAY, 200 * DAY)
    assert web.lead_time == job.lead_time == 20 * DAY
    assert web.overlap == job.overlap == 7 * DAY
    assert web.quiet == 10 * DAY
    assert (web.retire, job.retire) == (Retire.AFTER_OVERLAP, Retire.EVIDENCE)
    assert web.proof is Proof.BEST_EFFORT
    assert (web.proof_over, job.proof_over) == (timedelta(seconds=10), timedelta(minutes=2))
    assert not web.approval
    assert job.hand_off_deadline == 14 * DAY


@pytest.mark.parametrize(
    ("policy", "line", "days"),
    [
        ("", "", 730),
        ("lifetime: 365d", "", 365),
        ("", "lifetime: 400d", 400),
    ],
)
def test_a_line_with_a_hand_off_asks_two_years_unless_its_policy_or_itself_says(
    read: Read, policy: str, line: str, days: int
) -> None:
    configuration = read(f"""
        defaults: {{lifetime: 180d}}
        destinations: {{form: {{kind: hand-off, preset: fish, server: one}}}}
        policies:
          - name: a
            select: {{everything: true}}
            {policy or "mode: rotate"}
            lines:
              - name: web
                destinations: [form]
                {line}
              - name: job
                {line}
        """).configuration
    assert line_of(configuration, "a", "web").terms.lifetime == days * DAY
    assert line_of(configuration, "a", "job").terms.lifetime == (180 if days == 730 else days) * DAY


def test_lines_take_readers_and_secret_name_from_their_policy(read: Read) -> None:
    configuration = read(f"""
        policies:
          - name: a
            select: {{everything: true}}
            readers: [ops]
            secret_name: "app-{{client_id}}-{{line}}"
            lines:
              - {{name: web, readers: [web-team], description: Web of billing}}
              - {{name: web, for: {ONE.upper()}, secret_name: old-name}}
        """).configuration
    web, narrowed = configuration.policies[0].lines
    assert (web.readers, web.secret_name, web.description) == (
        ("web-team",),
        "app-{client_id}-{line}",
        "Web of billing",
    )
    assert (narrowed.readers, narrowed.secret_name, narrowed.only_for) == (("ops",), "old-name", ONE)
    assert configuration.policies[0].entry(LineName("web"), ObjectId(ONE)) == narrowed
    assert configuration.policies[0].entry(LineName("web"), ObjectId(TWO)) == web


def test_windows_are_replaced_and_freezes_add_up(read: Read) -> None:
    configuration = read("""
        defaults:
          window: {days: [sat, sun]}
          freeze: [2026-12-20..2027-01-03]
        policies:
          - name: a
            select: {everything: true}
          - name: b
            select: {tags: [x]}
            window: {days: [fri], hours: "22:00-05:00", zone: Europe/Amsterdam}
            freeze: [{dates: 2026-11-27, why: sale}]
        """).configuration
    a, b = configuration.policies
    assert a.window.days == {5, 6}
    assert (b.window.days, b.window.opens, b.window.closes) == (frozenset({4}), time(22), time(5))
    assert b.window.is_open(datetime(2026, 7, 10, 20, 30, tzinfo=UTC)), "22:30 on a Friday in Amsterdam"
    assert not b.window.is_open(datetime(2026, 7, 10, 19, 30, tzinfo=UTC))
    assert [(freeze.first, freeze.last) for freeze in b.freeze] == [
        (date(2026, 12, 20), date(2027, 1, 3)),
        (date(2026, 11, 27), date(2026, 11, 27)),
    ]
    assert [freeze.why for freeze in b.freeze] == ["", "sale"]


def test_destinations_carry_their_settings_fingerprint_and_what_their_kind_says(read: Read) -> None:
    text = """
        audiences: {ops: {teams_secret: teams-ops}}
        destinations:
          hook: {kind: webhook, url: "https://x"}
          slow: {kind: webhook, url: "https://x", settles_in: 2h, approval: required, audience: ops}
          wolf: {kind: hand-off, preset: wolf}
          tame: {kind: hand-off, preset: wolf, approval: none}
        """
    destinations = {str(name): each for name, each in read(text).configuration.destinations.items()}
    hook, slow = destinations["hook"], destinations["slow"]
    assert dict(hook.settings) == dict(slow.settings) == {"url": "https://x"}
    assert hook.fingerprint == slow.fingerprint
    assert (hook.settles_in, slow.settles_in) == (timedelta(minutes=5), timedelta(hours=2))
    assert [destinations[name].approval for name in ("hook", "slow", "wolf", "tame")] == [False, True, True, False]
    assert slow.audience == "ops"
    other = read(text.replace("https://x", "https://y")).configuration.destinations
    assert other[hook.name].fingerprint != hook.fingerprint


def test_limits_reminders_and_audiences(read: Read) -> None:
    configuration = read("""
        limits: {opened_per_night: 5, first_week: {removed_per_night: 2, lasts: 0d}}
        reminders: {rungs: [30d, 2w, expired, 14d], fallback: ops, sender: r@contoso.com}
        audiences: {ops: {mail: [a@contoso.com, b@contoso.com]}}
        """).configuration
    assert configuration.limits.usual == Ramp(opened_per_night=5)
    assert configuration.limits.first_week == Ramp(opened_per_night=1, open_at_once=1, removed_per_night=2)
    assert configuration.limits.first_week_lasts == timedelta(0)
    assert configuration.rungs == (30, 14, 0)
    assert (configuration.fallback_audience, configuration.sender) == ("ops", "r@contoso.com")
    (ops,) = configuration.audiences.values()
    assert ops.mail == ("a@contoso.com", "b@contoso.com")


def test_the_digest_is_that_of_the_text(read: Read) -> None:
    assert read("policies: []\n").configuration.digest == hashlib.sha256(b"policies: []\n").hexdigest()


def test_ids_go_before_names_and_then_the_order_in_the_file(read: Read) -> None:
    configuration = read(f"""
        policies:
          - {{name: everything-else, select: {{names: ["*"]}}}}
          - {{name: by-tag, select: {{tags: [prod]}}}}
          - {{name: by-client, select: {{client_ids: [{CLIENT}]}}}}
          - {{name: by-object, select: {{object_ids: [{TWO.upper()}]}}}}
        """).configuration

    def chosen(candidate: Application) -> str:
        policy = configuration.policy_for(candidate)
        assert policy is not None
        return policy.name

    assert chosen(application(object_id=TWO, tags=("prod",))) == "by-object"
    assert chosen(application(tags=("prod",))) == "by-client"
    stranger = Application(object_id=ObjectId(ONE), client_id=ClientId(ONE), display_name="x", tags=("prod",))
    assert chosen(stranger) == "everything-else"


def test_owners_match_whatever_their_capitals(read: Read) -> None:
    configuration = read("policies: [{name: a, select: {owners: [Ann@Contoso.com]}}]").configuration
    assert configuration.policy_for(application(), ["ann@contoso.COM"]) is not None
    assert configuration.policy_for(application(), ["bob@contoso.com"]) is None


def test_policies_that_overlap_are_shown(read: Read) -> None:
    configuration = read(f"""
        policies:
          - {{name: a, select: {{object_ids: [{ONE}, {TWO}], names: ["bill*"]}}}}
          - {{name: b, select: {{object_ids: [{TWO}], names: ["*-api", "pay*"]}}}}
          - {{name: c, select: {{names: ["PAYMENTS"]}}}}
          - {{name: d, select: {{tags: [prod]}}}}
          - {{name: rest, select: {{everything: true}}}}
        """).configuration
    assert overlaps(configuration) == [
        f"'a' and 'b' both list object id {TWO}: there 'a' holds, it comes first",
        "'a' and 'b' can both match one application (name 'bill*' and name '*-api'): there 'a' holds, it comes first",
        "'a' and 'd' can both match one application (name 'bill*' and tag 'prod'): there 'a' holds, it comes first",
        "'b' and 'c' can both match one application (name 'pay*' and name 'PAYMENTS'): there 'b' holds, it comes first",
        (
            "'b' and 'd' can both match one application (name '*-api' and tag 'prod'; name 'pay*' and tag 'prod'): "
            "there 'b' holds, it comes first"
        ),
        "'c' and 'd' can both match one application (name 'PAYMENTS' and tag 'prod'): there 'c' holds, it comes first",
    ]


def test_a_policy_behind_one_for_everything_is_never_heard(read: Read) -> None:
    configuration = read(
        "policies: [{name: all, select: {everything: true}}, {name: late, select: {tags: [x]}}]"
    ).configuration
    assert overlaps(configuration) == [
        (
            "'all' and 'late' can both match one application (the first selects everything, so the second is never heard "
            "for names, tags or owners): there 'all' holds, it comes first"
        )
    ]


def test_every_problem_is_told_at_once_in_the_order_of_the_file(read: Read) -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        read("""
            defaults: {lifetme: 30d, audience: nobody}
            policies:
              - name: a
                select: {everything: yes}
                lifetime: 30
                window: {zone: Mars}
                destinations: [hok]
              - name: a
                select: {tags: [x]}
                enrol: auto
                lines: [{destinations: [hook]}]
            destinations:
              hook: {kind: webhook, url: ftp://x}
            limits: {open_at_once: 0}
            limits: {}
            canary: {policy: z}
            """)
    assert [(problem.line, problem.field) for problem in caught.value.details] == [
        (1, "defaults.lifetme"),
        (1, "defaults.audience"),
        (4, "policies[0].select.everything"),
        (5, "policies[0].lifetime"),
        (6, "policies[0].window.zone"),
        (7, "policies[0].destinations[0]"),
        (8, "policies[1].name"),
        (10, "policies[1].enrol"),
        (11, "policies[1].lines[0].name"),
        (13, "destinations.hook.url"),
        (14, "limits.open_at_once"),
        (15, "limits"),
        (16, "canary.application"),
        (16, "canary.policy"),
    ]
    assert isinstance(caught.value, Misconfigured)
    assert caught.value.problems == tuple(str(problem) for problem in caught.value.details)
