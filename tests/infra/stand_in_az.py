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
ROLE_IDS = {"Administrator": "role-administrator"}
STATE = Path(os.environ.get("STAND_IN_STATE", "state.json"))


def options(words: list[str]) -> dict[str, str]:
    """Give the value of each --option; one without a value has an empty text."""
    return {
        word.removeprefix("--"): ("" if after.startswith("--") else after)
        for word, after in zip(words, [*words[1:], "--"], strict=True)
        if word.startswith("--")
    }


def rest(state: Any, asked: dict[str, str]) -> list[str]:
    """Answer `az rest`."""
    method, path = asked["method"], asked["url"].removeprefix(f"{GRAPH}v1.0")
    query, body = asked.get("query", ""), json.loads(asked.get("body", "{}"))
    match method, path:
        case "get", p if p.startswith("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"):
            return ["graph-sp"]
        case "get", "/servicePrincipals/graph-sp?$select=appRoles":
            name = query.split("'")[1]
            return [f"role-{name}"] if name in state["permissions"] else []
        case "get", p if p.endswith("/appRoleAssignments"):
            return [one["appRoleId"] for one in state["assigned"] if one["principalId"] == p.split("/")[2]]
        case "get", p if p.endswith("/appRoleAssignedTo"):
            return [one["principalId"] for one in state["assigned"] if one["appRoleId"] == ROLE_IDS["Administrator"]]
        case "post", p if p.endswith("/appRoleAssignedTo"):
            state["assigned"].append(body)
            return []
        case "get", p if found := re.match(r"/applications\?\$filter=uniqueName eq '([^']+)'", p):
            return [
                one["id"] if query.endswith(".id") else one["appId"]
                for one in state["applications"]
                if one["uniqueName"] == found[1]
            ]
        case "patch", p if found := re.fullmatch(r"/applications\(uniqueName='([^']+)'\)", p):
            number = len(state["applications"])
            state["applications"].append(
                body | {"uniqueName": found[1], "id": f"app-{number}", "appId": f"client-{number}", "owners": []}
            )
            return []
        case "get", p if found := re.match(r"/servicePrincipals\?\$filter=appId eq '([^']+)'", p):
            return [f"sp-{found[1]}"] if found[1] in state["principals"] else []
        case "post", "/servicePrincipals":
            state["principals"].append(body["appId"])
            return []
        case "patch", p if p.startswith("/servicePrincipals/"):
            return []
        case "get", p if p.endswith("/federatedIdentityCredentials"):
            return [one["subject"] for one in state["trusts"]]
        case "post", p if p.endswith("/federatedIdentityCredentials"):
            state["trusts"].append(body)
            return []
        case "get", p if p.endswith("?$select=appRoles"):
            return [ROLE_IDS["Administrator"]]
        case _:
            sys.exit(64)


def answer(state: Any, words: list[str]) -> list[str]:
    """Answer one call; changes *state*."""
    asked = options(words)
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
            sys.exit(64)


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
