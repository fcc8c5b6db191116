"""Lists of the sandbox's Graph: pages with opaque links, counted, filtered and sorted."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from sandbox.entra.answers import JSON_TYPE, Answer, GraphError, GraphRequest
from sandbox.entra.directory import Directory
from sandbox.entra.objects import Collection, Document, Entry
from sandbox.entra.queries import Query, encode, parse_query
from sandbox.entra.rendering import render

_BY_APP_ID = re.compile(r"^\s*appId\s+eq\s+'([^']*)'\s*$")


def list_page(directory: Directory, request: GraphRequest, *, known: frozenset[str]) -> Answer:
    """Answer a list of applications, service principals, users or groups."""
    kind = request.path.strip("/")
    collection = collection_of(directory, kind)
    query = parse_query(request, known=known)
    found = _found(collection, request, query)
    page = list(itertools.islice(found, query.top + 1))
    more = len(page) > query.top
    page = page[: query.top]
    parts = [f'"@odata.context":{json.dumps(_context(request, kind, query))}']
    if query.count and not query.after:
        parts.append(f'"@odata.count":{_count(collection, request, query)}')
    if more:
        after = query.after + len(page) if query.order else page[-1][0].sequence
        parts.append(f'"@odata.nextLink":{json.dumps(next_link(request, after))}')
    items = b",".join(render(directory, entry, document, query=query) for entry, document in page)
    body = b"{" + ",".join(parts).encode() + b',"value":[' + items + b"]}"
    return Answer(status=200, body=body, headers={"content-type": JSON_TYPE})


def count_all(directory: Directory, request: GraphRequest, *, known: frozenset[str]) -> Answer:
    """Answer GET /{kind}/$count: a number as text; needs ConsistencyLevel: eventual."""
    if not request.eventual:
        raise GraphError(
            400, "Request_BadRequest", "$count is not currently supported without ConsistencyLevel: eventual."
        )
    request.query.setdefault("$count", "true")
    query = parse_query(request, known=known)
    collection = collection_of(directory, request.path.strip("/").split("/", maxsplit=1)[0])
    total = _count(collection, request, query)
    return Answer(status=200, body=str(total).encode(), headers={"content-type": "text/plain"})


def collection_of(directory: Directory, kind: str) -> Collection:
    return {
        "applications": directory.applications,
        "servicePrincipals": directory.principals,
        "users": directory.users,
        "groups": directory.groups,
    }[kind]


def _keep(query: Query) -> Callable[[Document, Entry], bool] | None:
    if query.filter is None:
        return None
    keep = query.filter.keep
    if "owners" in query.filter_text:
        return lambda document, entry: keep({**document, "owners": entry.owners})
    return lambda document, _entry: keep(document)


def _found(collection: Collection, request: GraphRequest, query: Query) -> Iterator[tuple[Entry, Document]]:
    if exact := _BY_APP_ID.match(query.filter_text):
        entry = collection.find_by_app_id(exact.group(1))
        document = None if entry is None else collection.seen(entry, request.replica)
        return iter(() if entry is None or document is None else ((entry, document),))
    if query.order is None:
        return collection.scan(request.replica, after=query.after, keep=_keep(query))
    name, descending = query.order
    everything = collection.scan(request.replica, after=0, keep=_keep(query))
    ordered = sorted(everything, key=lambda pair: str(pair[1].get(name) or "").lower(), reverse=descending)
    return itertools.islice(ordered, query.after, None)


def _count(collection: Collection, request: GraphRequest, query: Query) -> int:
    return sum(1 for _ in collection.scan(request.replica, after=0, keep=_keep(query)))


def _context(request: GraphRequest, kind: str, query: Query) -> str:
    chosen = f"({','.join(query.select)})" if query.select else ""
    return f"{request.base}/{request.version}/$metadata#{kind}{chosen}"


def next_link(request: GraphRequest, after: int) -> str:
    """Give the absolute link of the next page: the same options with an opaque token."""
    options = {**request.query, "$skiptoken": encode(after)}
    text = "&".join(f"{name}={quote(value, safe=',$')}" for name, value in options.items())
    return f"{request.base}/{request.version}{request.path}?{text}"
