"""How the parts of a configuration must agree, and what is said where they do not."""

import pytest

from tests.unit.config.conftest import Read, Refusal

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
HEAD = "reminders: {fallback: ops, sender: r@contoso.com}\naudiences: {ops: {mail: [ops@contoso.com]}}\n"
PLACES = """\
destinations:
  vault: {kind: key-vault, vault: "https://v.example", secret: s}
  form: {kind: hand-off, preset: fish, server: one}
"""


def policy(*keys: str, select: str = "everything: true") -> str:
    lines = "".join(f"    {key}\n" for key in keys)
    return f"policies:\n  - name: one\n    select: {{{select}}}\n{lines}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            policy("destinations: [valut, nowhere]"),
            ("r.yaml:9:20  policies[0].destinations[0]: there is no destination 'valut'\n"
            "    allowed: form, vault\n    meant?   vault\n"
            "r.yaml:9:27  policies[0].destinations[1]: there is no destination 'nowhere'\n"
            "    allowed: form, vault"),
        ),
        (
            policy("audience: opps"),
            ("r.yaml:9:5  policies[0].audience: there is no audience 'opps'\n    allowed: ops, owners\n"
            "    meant?   ops"),
        ),
        (
            policy("audience: [owners, opps]"),
            ("r.yaml:9:24  policies[0].audience[1]: there is no audience 'opps'\n    allowed: ops, owners\n"
            "    meant?   ops"),
        ),
        (
            policy("lines:", "  - name: web", "    destinations: [forms]", "  - name: web"),
            ("r.yaml:10:9  policies[0].lines[0].name: two entries for 'web' hold for the same applications\n"
            "    allowed: another name, or `for` with an object id\n"
            "r.yaml:11:24  policies[0].lines[0].destinations[0]: there is no destination 'forms'\n"
            "    allowed: form, vault\n    meant?   form"),
        ),
        (
            policy("description: bills", "destinations: [vault]", "lines: [{name: web}]"),
            ("r.yaml:9:5  policies[0].description: stands beside `lines`, so it belongs to none of them\n"
            "    allowed: `description` in each of the lines\n"
            "r.yaml:10:5  policies[0].destinations: stands beside `lines`, so it belongs to none of them\n"
            "    allowed: `destinations` in each of the lines"),
        ),
        (
            policy("destinations: [vault, form, vault]"),
            "r.yaml:9:33  policies[0].destinations[2]: 'vault' stands here twice\n    allowed: each destination once",
        ),
        (
            policy(select=""),
            ("r.yaml:8:5  policies[0].select: selects nothing\n"
            "    allowed: entries in object_ids, client_ids, names, tags or owners, or everything: true"),
        ),
        (
            policy() + "  - name: one\n    select: {tags: [a]}\n",
            "r.yaml:9:5  policies[1].name: 'one' is the name of policies[0] too\n    allowed: another name",
        ),
        (
            policy("mode: rotate", "enrol: auto"),
            ("r.yaml:10:5  policies[0].enrol: 'auto' with names, tags or owners, which others can change, has no limit\n"
            "    allowed: object_ids or client_ids alone, or at_most: a number"),
        ),
        (
            policy("enrol: auto", select=f"object_ids: [{GUID}]"),
            ("r.yaml:9:5  policies[0].enrol: 'auto' enrols what mode monitor never rotates\n"
            "    allowed: enrol: person, or mode: rotate"),
        ),
        (
            policy("overlap: 0d", "lines: [{name: web, quiet: 0d}]"),
            ("r.yaml:9:5  policies[0].overlap: is zero, which only the canary's policy may say\n"
            "    allowed: a duration of more than zero\n"
            "r.yaml:10:25  policies[0].lines[0].quiet: is zero, which only the canary's policy may say\n"
            "    allowed: a duration of more than zero"),
        ),
        (
            "defaults: {quiet: 0d}\n",
            ("r.yaml:6:12  defaults.quiet: is zero, which only the canary's policy may say\n"
            "    allowed: a duration of more than zero"),
        ),
        (
            policy("secret_name: shared"),
            ("r.yaml:9:5  policies[0].secret_name: gives the secrets of several applications one name\n"
            "    allowed: {client_id} or {object_id} in it\n    meant?   shared-{client_id}"),
        ),
        (
            policy("secret_name: 'app-{client_id}'", "lines: [{name: web}, {name: job}]"),
            ("r.yaml:9:5  policies[0].secret_name: gives the secrets of several lines one name\n"
            "    allowed: {line} in it\n    meant?   app-{client_id}-{line}"),
        ),
        (
            policy("lifetime: 30d", "destinations: [form]"),
            ("r.yaml:9:5  policies[0].lifetime: 30d is too short for line 'default': lead time (up to 12d), "
            "overlap (7d) and hand-off deadline (14d) do not fit\n    allowed: at least 35d, or less of the others"),
        ),
        (
            policy("lines: [{name: web, lifetime: 11d}]"),
            ("r.yaml:9:25  policies[0].lines[0].lifetime: 11d is too short for line 'web': lead time (up to about 4d), "
            "overlap (7d) do not fit\n    allowed: at least 12d, or less of the others"),
        ),
    ],
)  # fmt: skip
def test_a_policy_that_contradicts_itself(refusal: Refusal, text: str, told: str) -> None:
    assert refusal(HEAD + PLACES + text) == told


def test_a_lifetime_of_the_length_that_is_told_fits(read: Read) -> None:
    assert read(HEAD + PLACES + policy("lifetime: 35d", "destinations: [form]")).configuration.policies
    assert read(HEAD + policy("lifetime: 12d")).configuration.policies


def test_more_destinations_than_one_transaction_holds(refusal: Refusal) -> None:
    names = [f"d{n}" for n in range(41)]
    places = "".join(f"  {name}: {{kind: key-vault, vault: v, secret: s}}\n" for name in names)
    told = refusal(f"destinations:\n{places}" + policy(f"destinations: [{', '.join(names)}]"))
    assert told == (
        "r.yaml:46:5  policies[0].destinations: has 41 entries\n    allowed: at most 40 destinations a line"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "destinations:\n  hook: {kind: webhok, url: 'https://x'}\n",
            ("r.yaml:2:10  destinations.hook.kind: there is no kind 'webhok'\n"
            "    allowed: hand-off, key-vault, webhook\n    meant?   webhook"),
        ),
        (
            "destinations:\n  hook: {url: 'https://x'}\n",
            ("r.yaml:2:3  destinations.hook.kind: is missing, so nobody knows which settings belong here\n"
            "    allowed: hand-off, key-vault, webhook\n    meant?   webhook"),
        ),
        (
            "destinations:\n  one: {}\n  two: {kind: , url: 'https://x', audience: ops}\n  three: webhok\n  four:\n",
            ("r.yaml:2:3  destinations.one.kind: is missing, so nobody knows which settings belong here\n"
            "    allowed: hand-off, key-vault, webhook\n"
            "r.yaml:3:9  destinations.two.kind: has no value\n"
            "    allowed: hand-off, key-vault, webhook\n    meant?   webhook\n"
            "r.yaml:3:35  destinations.two.audience: there is no audience 'ops'\n"
            "    allowed: nothing, because none is defined\n"
            "r.yaml:4:3  destinations.three: is a text, not a mapping\n"
            "    allowed: a mapping with `kind` and the settings of that kind\n"
            "    meant?   {kind: webhook}\n"
            "r.yaml:5:3  destinations.four: is nothing, not a mapping\n"
            "    allowed: a mapping with `kind` and the settings of that kind"),
        ),
        (
            ("destinations:\n  hook:\n    kind: webhook\n    url: http://x\n    send_vaule: true\n    style: plane\n"
            "    retries: many\n"),
            ("r.yaml:4:5  destinations.hook.url: only https is told\n"
            "r.yaml:5:5  destinations.hook.send_vaule: unknown key\n"
            "    allowed: retries, send_value, style, url\n    meant?   send_value\n"
            "r.yaml:6:5  destinations.hook.style: 'plane' is not known here\n"
            "    allowed: plain, signed\n    meant?   plain\n"
            "r.yaml:7:5  destinations.hook.retries: should be a valid integer, unable to parse string as an integer"),
        ),
        (
            "destinations:\n  hook: {kind: webhook, approval: 'yes'}\n",
            ("r.yaml:2:3  destinations.hook.url: is missing\n    allowed: Where to.\n"
            "r.yaml:2:25  destinations.hook.approval: 'yes' is not known here\n"
            "    allowed: required, none\n    meant?   required"),
        ),
        (
            "destinations:\n  form: {kind: hand-off}\n",
            "r.yaml:2:3  destinations.form.preset: is missing",
        ),
        (
            "destinations:\n  form: {kind: hand-off, preset: wolves}\n",
            ("r.yaml:2:26  destinations.form.preset: 'wolves' is not known here\n"
            "    allowed: wolf, fish\n    meant?   wolf"),
        ),
        (
            "destinations:\n  form: {kind: hand-off, preset: fish, sever: one}\n",
            ("r.yaml:2:3  destinations.form.server: is missing\n"
            "r.yaml:2:40  destinations.form.sever: unknown key\n"
            "    allowed: preset, server\n    meant?   server"),
        ),
        (
            "destinations: {form: wolf}\n",
            ("r.yaml:1:16  destinations.form: is a text, not a mapping\n"
            "    allowed: a mapping with `kind` and the settings of that kind"),
        ),
        (
            "destinations: {Hook: {kind: key-vault, vault: v, secret: s, audience: nobody}}\n",
            ("r.yaml:1:16  destinations.Hook: 'Hook' is not a name\n    allowed: 1 to 40 of a-z, 0-9 and -\n"
            "r.yaml:1:61  destinations.Hook.audience: there is no audience 'nobody'\n"
            "    allowed: nothing, because none is defined"),
        ),
    ],
)  # fmt: skip
def test_a_destination_s_settings_are_checked_by_its_kind(refusal: Refusal, text: str, told: str) -> None:
    assert refusal(text) == told


def test_a_setting_s_value_is_not_shown_because_it_may_be_a_secret(refusal: Refusal) -> None:
    told = refusal("destinations:\n  hook: {kind: webhook, url: hunter2, retries: hunter2, password: hunter2}\n")
    assert "hunter2" not in told
    assert "destinations.hook.password: unknown key" in told


CANARY = f"""\
canary: {{application: {GUID}, policy: one}}
destinations: {{copy: {{kind: key-vault, vault: v, secret: s}}, hook: {{kind: webhook, url: "https://x"}}}}
policies:
  - name: one
    select: {{object_ids: [{GUID}]}}
    mode: rotate
    lifetime: 30d
    overlap: 0d
    quiet: 0d
    destinations: [copy]
"""


def test_a_canary_in_a_policy_of_its_own_may_say_zero(read: Read) -> None:
    configuration = read(CANARY).configuration
    assert configuration.canary is not None
    assert (configuration.canary.application, configuration.canary.policy) == (GUID, "one")
    assert configuration.canary.line == "default"
    assert configuration.policies[0].lines[0].terms.quiet_for.total_seconds() == 0


@pytest.mark.parametrize(
    ("right", "instead", "told"),
    [
        (
            "policy: one",
            "policy: won",
            "r.yaml:1:61  canary.policy: there is no policy 'won'\n    allowed: one\n    meant?   one",
        ),
        (
            "policy: one}",
            "policy: one, line: defualt}",
            "r.yaml:1:74  canary.line: there is no line 'defualt'\n    allowed: default\n    meant?   default",
        ),
        (
            f"object_ids: [{GUID}]",
            f"object_ids: [{GUID}], tags: [x]",
            ("r.yaml:5:5  policies[0].select: is the canary's policy, and must select the canary's application and "
            f"nothing else\n    allowed: object_ids: [{GUID}]"),
        ),
        (
            f"object_ids: [{GUID}]",
            f"object_ids: [{OTHER}]",
            ("r.yaml:5:5  policies[0].select: is the canary's policy, and must select the canary's application and "
            f"nothing else\n    allowed: object_ids: [{GUID}]"),
        ),
        (
            "mode: rotate",
            "mode: monitor",
            ("r.yaml:6:5  policies[0].mode: is monitor, and the canary must rotate\n    allowed: rotate\n"
            "    meant?   rotate"),
        ),
        (
            "destinations: [copy]",
            "destinations: [hook]",
            "r.yaml:10:5  policies[0].destinations: is of kind webhook\n    allowed: one destination of kind key-vault",
        ),
        (
            "destinations: [copy]",
            "destinations: [copy, hook]",
            ("r.yaml:10:5  policies[0].destinations: the canary's line has 2 destinations\n"
            "    allowed: one destination of kind key-vault"),
        ),
        (
            "destinations: [copy]",
            "audience:",
            ("r.yaml:4:5  policies[0].destinations: the canary's line has 0 destinations\n"
            "    allowed: one destination of kind key-vault\n"
            "r.yaml:10:5  policies[0].audience: has no value\n    allowed: a value, or leave the key out"),
        ),
    ],
)  # fmt: skip
def test_a_canary_that_could_not_sing(refusal: Refusal, right: str, instead: str, told: str) -> None:
    assert refusal(CANARY.replace(right, instead)) == told


def test_an_audience_that_nobody_reaches(refusal: Refusal) -> None:
    assert refusal("audiences: {ops: {}, team: {mail: [t@contoso.com]}}\nreminders: {fallback: team}") == (
        "r.yaml:1:13  audiences.ops: reaches nobody\n"
        "    allowed: mail: [team@contoso.com], teams_secret, or both\n"
        "r.yaml:1:29  audiences.team.mail: no mail can be sent without a sender\n"
        "    allowed: reminders.sender: the mailbox that mails go out from"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEAD + policy("overlap: 20d", "lifetime: 90d"),
            ("r.yaml:7:5  policies[0].lifetime: the old secret of line 'default' will lapse, not be retired: "
            "lead time (30d) - overlap (20d) is below quiet (20d) + 48h\n"
            "    allowed: a longer lifetime or lead_time, or a shorter overlap or quiet"),
        ),
        (HEAD + policy("overlap: 20d", "lifetime: 90d", "retire: after-overlap"), ""),
        (HEAD + policy("lead_time: 16d"), ""),
        (
            HEAD + policy("lead_time: 15d"),
            ("r.yaml:4:5  policies[0].lifetime: the old secret of line 'default' will lapse, not be retired: "
            "lead time (15d) - overlap (7d) is below quiet (7d) + 48h\n"
            "    allowed: a longer lifetime or lead_time, or a shorter overlap or quiet"),
        ),
        (
            HEAD + policy("at_most: 5"),
            "r.yaml:6:5  policies[0].at_most: does nothing here\n    allowed: at_most belongs to enrol: auto",
        ),
        (
            "policies: []\n",
            ("r.yaml:1:1  reminders: nobody is told about applications that have no owner\n"
            "    allowed: reminders.fallback: the name of an audience"),
        ),
    ],
)  # fmt: skip
def test_what_is_allowed_and_probably_not_meant_is_a_warning(read: Read, text: str, told: str) -> None:
    assert "\n".join(map(str, read(text).warnings)) == told
