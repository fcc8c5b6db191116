"""The pages say what the code does: slugs, routes, commands, tables, phases, facts and links."""

import re
from pathlib import Path

import pytest
import typer

from docs import make_performance, make_phases, make_scale
from rotation.cli.app import COMMANDS, app
from rotation.cli.configuring import config
from rotation.domain.delivery import ENDED as ENDED_DELIVERIES
from rotation.integrations.catalogue import KINDS
from rotation.ledger import keys
from rotation.web.problems import DOCUMENTED_AT
from rotation.web.table import API
from rotation.workflows.rehearsing.facts import CHECKS, UNSEEN
from tests.unit.docs.slugs import produced

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]*)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FACT = re.compile(r"^\| ([A-M]\d?-\d+) \|", re.MULTILINE)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings as GitHub makes them."""
    plain = FENCED.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(plain)}


def test_the_phase_table_is_what_the_code_allows() -> None:
    """`python -m docs.make_phases` writes it anew."""
    assert text("docs/phases.md") == make_phases.page()


def test_what_was_measured_is_what_the_last_kept_run_says() -> None:
    """`make bench ARGS="--keep"` and `python -m docs.make_performance` write the tables anew."""
    page = text("docs/performance.md")
    assert page == make_performance.page(page)
    assert page.count("<!-- made: ") == 2
    goals = [name for name, told in make_performance.kept().items() if told["goal"] is not None]
    assert [name for name in goals if make_performance.words(name) is None] == [], "say in WORDS what they are called"


def test_what_a_month_costs_is_what_was_counted() -> None:
    """`python -m docs.make_scale` writes the tables anew."""
    page = text("docs/scale.md")
    assert page == make_scale.page(page)
    assert page.count("<!-- made: ") == 5


def test_every_slug_has_a_heading_and_every_heading_a_slug() -> None:
    headed = re.findall(r"^### (\S+)$", text("docs/runbook.md"), re.MULTILINE)
    assert len(headed) == len(set(headed))
    slugs = produced()
    assert {slug: where for slug, where in slugs.items() if slug not in headed} == {}
    assert set(headed) - set(slugs) == set()


def test_problems_point_to_the_page_that_has_the_slugs() -> None:
    assert DOCUMENTED_AT == "docs/runbook.md"


def test_slugs_are_found_in_every_form_in_which_code_tells_them() -> None:
    """A keyword, a class attribute, an argument, a constant, an alternative, a beginning."""
    wanted = {"two-persons", "credential-limit", "breaker-open", "vault-name-deleted", "not-opened", "at-most", "bug"}
    assert wanted <= set(produced())


def test_every_route_is_described() -> None:
    found = {f"{route.method} /api/{route.path}" for route in API}
    assert len(found) > 5
    assert set(re.findall(r"^## `([A-Z]+ /api/\S+)`$", text("docs/api.md"), re.MULTILINE)) == found
    assert {route for route in found if f"`{route}`" not in text("README.md")} == set()


def test_every_command_is_in_the_readme() -> None:
    names = [command.__name__ for _panel, commands in COMMANDS for command in commands]
    names += [f"config {command.callback.__name__}" for command in config.registered_commands if command.callback]
    assert len(names) > 10
    assert [name for name in names if f"`rotation {name}" not in text("README.md")] == []


TYPED = re.compile(r"(?:^|`)rotation ((?:(?:config|destinations|notify) )?[a-z]+)((?: [^`#\n]*)?)", re.MULTILINE)


def test_every_command_that_is_shown_can_be_typed() -> None:
    """With the options that are shown with it."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    shown = [(page.name, *found) for page in PAGES for found in TYPED.findall(page.read_text(encoding="utf-8"))]
    assert len(shown) > 50
    wrong = []
    for page, words, rest in shown:
        command: object = group
        for word in words.split():
            command = command.commands.get(word) if isinstance(command, typer.core.TyperGroup) else None
        known = {option for parameter in getattr(command, "params", ()) for option in parameter.opts}
        if command is None or set(re.findall(r"--[a-z-]+", rest)) - known:
            wrong.append(f"{page}: rotation {words}{rest}")
    assert wrong == []


@pytest.mark.parametrize("name", sorted({*keys.TABLES, *keys.QUEUES}))
def test_every_table_and_queue_is_in_the_protocol(name: str) -> None:
    assert f"`{name}`" in text("docs/protocol.md")


def test_every_end_of_a_delivery_is_in_the_protocol() -> None:
    assert [end.__name__ for end in ENDED_DELIVERIES if end.__name__ not in text("docs/protocol.md")] == []


def test_every_kind_of_destination_is_in_the_readme() -> None:
    assert [kind for kind in KINDS if f"integrations/{kind}.md" not in text("README.md")] == []


def test_every_fact_that_code_cites_has_an_id() -> None:
    """Code cites sections (`platform.md A3`); the page has facts of each, under ids that are never twice."""
    ids = FACT.findall(text("docs/platform-facts.md").split("## Unverified")[0])
    assert len(ids) == len(set(ids)) > 40
    cited: set[str] = set()
    for path in (ROOT / "rotation").rglob("*.py"):
        for listed in re.findall(r"platform\.md ((?:[A-L]\d?(?:, )?)+)", path.read_text(encoding="utf-8")):
            cited.update(re.findall(r"[A-L]\d?", listed))
    assert cited
    assert {section for section in cited if not any(each.startswith(section) for each in ids)} == set()


def test_every_unverified_fact_is_listed_as_such() -> None:
    told, listed = text("docs/platform-facts.md").split("## Unverified")
    marked = {line.split("|")[1].strip() for line in told.splitlines() if FACT.match(line) and "UNV" in line}
    assert marked == set(FACT.findall(listed))


MODULE = re.compile(r"`((?:\w+/)*\w+\.py)`")
ROOMS = ("rotation", "sandbox", "tests")
SOURCES = tuple(f"/{path.relative_to(ROOT)}" for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_is_named_exists(page: Path) -> None:
    """Pages name modules from the top, or from the room that they speak of."""
    known = (*SOURCES, "/function_app.py")
    named = set(MODULE.findall(page.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not any(source.endswith(f"/{name}") for source in known)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_decision_says_when_it_would_change() -> None:
    decisions = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert len(decisions) > 5
    parts = ["Context", "Decision", "Consequences", "What would make us change it"]
    for page in decisions:
        assert re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE) == parts, page.name
    assert [page.name for page in decisions if page.name not in text("docs/adr/README.md")] == []


def test_every_unverified_fact_is_looked_at_by_a_rehearsal_or_says_why_not() -> None:
    ids = FACT.findall(text("docs/platform-facts.md").split("## Unverified")[0])
    looked_at, unseen = {id_ for id_, *_rest in CHECKS}, {id_ for id_, *_rest in UNSEEN}
    assert looked_at | unseen <= set(ids)
    assert set(FACT.findall(text("docs/platform-facts.md").split("## Unverified")[1])) <= looked_at | unseen
