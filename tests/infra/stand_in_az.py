"""
A stand-in for the Azure CLI, run as a program: a small tenant in a JSON file, and a log of every call.

It answers only what infra/scripts ask, by method and address; anything else ends with 64, so that a script cannot pass
by asking for something that is not there. It does not evaluate `--query`: it knows each of those asked for here.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

GRAPH = "https://graph.microsoft.com/"
ADMINISTRATOR = "role-administrator"
UNKNOWN = 64
STATE = Path(os.environ["STAND_IN_STATE"])


def options(words: list[str]) -> dict[str, str]:
    """Give the value of each --option; one without a value has an empty text."""
    return {
        word.removeprefix("--"): ("" if after.startswith("--") else after)
        for word, after in zip(words, [*words[1:], "--"], strict=True)
        if word.startswith("--")
    }


def told(state: Any, path: str, query: str) -> list[str]:
    """Answer `az rest --method get`."""
    match path:
        case p if p.startswith("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"):
            return ["graph-sp"]
        case "/servicePrincipals/graph-sp?$select=appRoles":
            name = query.split("'")[1]
            return [f"role-{name}"] if name in state["permissions"] else []
        case p if p.endswith("/appRoleAssignments"):
            return [one["appRoleId"] for one in state["assigned"] if one["principalId"] == p.split("/")[2]]
        case p if p.endswith("/appRoleAssignedTo"):
            return [one["principalId"] for one in state["assigned"] if one["appRoleId"] == ADMINISTRATOR]
        case p if found := re.match(r"/applications\?\$filter=uniqueName eq '([^']+)'", p):
            field = "id" if query.endswith(".id") else "appId"
            return [one[field] for one in state["applications"] if one["uniqueName"] == found[1]]
        case p if found := re.match(r"/servicePrincipals\?\$filter=appId eq '([^']+)'", p):
            return [f"sp-{found[1]}"] if found[1] in state["principals"] else []
        case p if p.endswith("/federatedIdentityCredentials"):
            return [one["subject"] for one in state["trusts"]]
        case p if p.endswith("?$select=appRoles"):
            return [ADMINISTRATOR]
        case _:
            sys.exit(UNKNOWN)


def changed(state: Any, method: str, path: str, body: Any) -> None:
    """Carry out `az rest` that changes something."""
    match method, path:
        case "post", p if p.endswith("/appRoleAssignedTo"):
            state["assigned"].append(body)
        case "patch", p if found := re.fullmatch(r"/applications\(uniqueName='([^']+)'\)", p):
            number = len(state["applications"])
            made: dict[str, object] = {
                "uniqueName": found[1],
                "id": f"app-{number}",
                "appId": f"client-{number}",
                "owners": [],
            }
            state["applications"].append(body | made)
        case "post", "/servicePrincipals":
            state["principals"].append(body["appId"])
        case "patch", p if p.startswith("/servicePrincipals/sp-"):
            state["restricted"] = body["appRoleAssignmentRequired"]
        case "post", p if p.endswith("/federatedIdentityCredentials"):
            state["trusts"].append(body)
        case _:
            sys.exit(UNKNOWN)


def rest(state: Any, asked: dict[str, str]) -> list[str]:
    """Answer `az rest`."""
    path = asked["url"].removeprefix(f"{GRAPH}v1.0")
    if asked["method"] == "get":
        return told(state, path, asked.get("query", ""))
    changed(state, asked["method"], path, json.loads(asked["body"]))
    return []


def deployed(state: Any, words: list[str], asked: dict[str, str]) -> list[str] | None:
    """Answer what a deployment to a customer asks; None: it is asked for something else."""
    match words:
        case ["cloud", "show", *_] if asked["query"] == "name":
            return [state["cloud"]]
        case ["account", "show", *_] if "subscription" in asked:
            return [state["subscriptions"][asked["subscription"]]]
        case ["deployment", "sub", "create" | "what-if", *_]:
            return []
        case _:
            return None


def answer(state: Any, words: list[str]) -> list[str]:
    """Answer one call; changes *state*."""
    asked = options(words)
    if (told_of_deployment := deployed(state, words, asked)) is not None:
        return told_of_deployment
    known = {one["id"]: one for one in state["applications"]} | {one["appId"]: one for one in state["applications"]}
    match words:
        case ["cloud", "show", *_]:
            return [GRAPH if "Graph" in asked["query"] else "https://login.microsoftonline.com/"]
        case ["account", "show", *_]:
            return ["tenant"]
        case ["rest", *_]:
            return rest(state, asked)
        case ["ad", "app", "show", *_]:
            return [known[asked["id"]]["displayName"]] if asked["id"] in known else sys.exit(3)
        case ["ad", "app", "owner", "list", *_]:
            return list(known[asked["id"]]["owners"])
        case ["ad", "app", "owner", "add", *_]:
            known[asked["id"]]["owners"].append(asked["owner-object-id"])
            return []
        case ["ad", "app", "owner", "remove", *_]:
            known[asked["id"]]["owners"].remove(asked["owner-object-id"])
            return []
        case ["storage", "blob", "exists", *_]:
            return ["true" if asked["name"] in state["blobs"] else "false"]
        case ["storage", "blob", "upload", *_]:
            if asked["name"] in state["blobs"] and asked["overwrite"] != "true":
                sys.exit(1)
            state["blobs"][asked["name"]] = Path(asked["file"]).read_text("utf-8")
            return []
        case _:
            sys.exit(UNKNOWN)


def main() -> None:
    """Log the call, answer it and keep what it changed."""
    state = json.loads(STATE.read_text("utf-8"))
    state["calls"].append(sys.argv[1:])
    STATE.write_text(json.dumps(state), "utf-8")
    for line in answer(state, sys.argv[1:]):
        print(line)
    STATE.write_text(json.dumps(state), "utf-8")


if __name__ == "__main__":
    main()
