"""Habits that no linter holds for us (architecture.md, style.md)."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Function, called, calls, functions, hold, modules, tree

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "data", "info"}
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log"}
MAY_REVEAL = {
    "rotation/workflows/feeds.py": "makes the addresses of calendars",
    "rotation/adapters/key_vault.py": "stages secret text",
    "rotation/adapters/sign_in.py": "proves secret text",
    "rotation/integrations/kinds/agent/companion.py": "compares what a server proves",
    "rotation/integrations/kinds/agent/place.py": "writes secret text into a file",
    "rotation/integrations/kinds/agent/ssh.py": "signs in with a private key",
    "rotation/integrations/kinds/app_service/integration.py": "writes secret text into an app setting",
    "rotation/integrations/kinds/azure_devops_service_connection/integration.py": "writes secret text as its key",
    "rotation/integrations/kinds/azure_devops_variable_group/integration.py": "writes secret text into a variable",
    "rotation/integrations/outbound/arm.py": "signs in with our own token",
    "rotation/integrations/outbound/azure_devops.py": "signs in with a token",
    "rotation/integrations/kinds/aws_secrets_manager/client.py": "writes secret text into a secret",
    "rotation/integrations/kinds/aws_ssm_parameter/integration.py": "writes secret text into a parameter",
    "rotation/integrations/kinds/github_secret/client.py": "signs in by a token or an App's key",
    "rotation/integrations/kinds/github_secret/integration.py": "seals secret text",
    "rotation/integrations/kinds/hand_off/preflight.py": "tells a value from an id, and signs in with it",
    "rotation/integrations/kinds/kubernetes_secret/client.py": "writes secret text into a Secret",
    "rotation/integrations/kinds/postgresql/client.py": "writes secret text into a row, and signs in",
    "rotation/integrations/kinds/rest_template/client.py": "sends secret text",
    "rotation/integrations/kinds/rest_template/integration.py": "puts secret text into an object",
    "rotation/integrations/kinds/rest_template/sign_in.py": "signs in with a token, a key or a password",
    "rotation/integrations/kinds/vault_kv/client.py": "writes secret text into a field, and signs in",
    "rotation/integrations/outbound/aws.py": "signs in with a key or a token",
    "rotation/integrations/kinds/webhook/message.py": "sends secret text, and signs with the receiver's own",
    "rotation/notifications/smtp.py": "signs in at a mail server",
    "rotation/notifications/teams.py": "a channel's address is itself a secret",
    "rotation/workflows/signing.py": "signs with our own key",
}


def test_nothing_is_printed() -> None:
    """The program logs, and the command line writes through its console."""
    broken = {
        f"{called(path)}:{call.lineno}": "print()"
        for path in modules("rotation")
        for call in calls(path)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    }
    hold(broken, {})


def test_log_messages_are_constants() -> None:
    """What varies goes into arguments: so messages can be counted, and nothing is formatted that nobody reads."""
    broken = {
        f"{called(path)}:{call.lineno}": "a formatted log message"
        for path in modules("rotation", "sandbox")
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LOGGING
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id.strip("_").lower() in {"log", "logger", "logging"}
        and any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in call.args)
    }
    hold(broken, {})


def test_secret_text_is_revealed_where_it_is_used_and_nowhere_else() -> None:
    revealing = {
        called(path): "calls reveal()"
        for path in modules("rotation", "sandbox")
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "reveal"
    }
    hold(revealing, MAY_REVEAL)


def test_nothing_is_mocked() -> None:
    """Tests stand on fakes of our ports that keep the ports' promises, or on the sandbox's wire."""
    broken = {}
    for path in modules("rotation", "sandbox", "tests"):
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            if any(re.match(r"(unittest\.)?mock\b|pytest_mock|responses\b|respx\b", name) for name in names):
                broken[called(path)] = ", ".join(names)
    hold(broken, {})


@pytest.mark.parametrize("room", ["rotation/ports", "rotation/domain"])
def test_what_is_public_there_says_what_it_promises(room: str) -> None:
    """Every module, public class and public function; the domain's plain values and properties may do without."""
    broken = {}
    for path in modules(room):
        if path.name != "__init__.py" and ast.get_docstring(tree(path)) is None:
            broken[called(path)] = "no docstring"
        public = [node for node in tree(path).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        named: list[tuple[str, ast.ClassDef | Function]] = [(node.name, node) for node in public]
        named += [(name, node) for name, node, _inside in functions(path) if _is_public(name)]
        for name, node in named:
            if ast.get_docstring(node) is None and not _speaks_for_itself(node, room):
                broken[f"{called(path)}:{name}"] = "no docstring"
    hold(broken, {})


def _is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def _speaks_for_itself(node: ast.AST, room: str) -> bool:
    """Tell whether this is a property, or a value of nothing but fields, of the domain."""
    if room != "rotation/domain":
        return False
    if isinstance(node, ast.ClassDef):
        return all(isinstance(each, ast.AnnAssign | ast.Expr) for each in node.body)
    decorators = {ast.unparse(each) for each in getattr(node, "decorator_list", [])}
    return bool(decorators & {"property", "cached_property"})


def test_no_module_is_called_after_nothing() -> None:
    broken = {
        called(path): "says nothing"
        for path in modules("rotation", "sandbox", "tests")
        if FORBIDDEN_NAMES & {path.stem, path.parent.name}
    }
    hold(broken, {})


def test_a_rule_is_switched_off_with_a_reason() -> None:
    """`# noqa: X - why`, and a `type: ignore` names what it ignores."""
    broken = {}
    for path in (ROOT / "function_app.py", *modules("rotation", "sandbox")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "# noqa" in line and not _with_reason(line):
                broken[f"{called(path)}:{number}"] = line.strip()
    hold(broken, {})


def _with_reason(line: str) -> bool:
    return re.search(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* +(-|#|:) *\w", line) is not None


def test_real_tests_live_where_make_test_real_looks() -> None:
    """So that `make test` can name what it leaves out, and nothing is run by nobody."""
    rooms = {ROOT / "tests" / "real", ROOT / "tests" / "infra"}
    strays = {
        called(path): "marked real"
        for path in modules("tests")
        if not rooms & set(path.parents) and path != Path(__file__) and _marks_real(path)
    }
    hold(strays, {})


def _marks_real(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "real" and ast.unparse(node.value).endswith("pytest.mark")
        for node in ast.walk(tree(path))
    )


def test_who_says_something_over_http_says_from_where() -> None:
    """The audit trail keeps both; a deep look at health sends nothing and changes nothing."""
    broken = {
        f"{called(path)}:{call.lineno}": "by= without where="
        for path in modules("rotation/web")
        for call in calls(path)
        if {"by", "where"} & {word.arg for word in call.keywords} == {"by"} and ast.unparse(call.func) != "Wants"
    }
    hold(broken, {})
