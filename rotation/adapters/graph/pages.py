"""
Read a collection page by page, as bytes (platform.md K): the next page is asked for while this one is worked on.

A page that cannot be read raises: the pass is then incomplete, which is not the same as empty.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import Failure, Translate
from rotation.domain.errors import ApplicationGone, BrokenInvariant, RotationError, Unavailable

type Item = dict[str, Any]
type Read[Found] = Callable[[bytes, str], tuple[Found, str | None]]
"""Gives what a page holds and the address of the next; takes its bytes and what messages call the reading."""

PAGE_SIZE = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What to read, and how patiently: `pace` is the least time between two requests."""

    url: str
    what: str
    translate: Translate = field(repr=False)
    pace: timedelta = timedelta(0)


def pages(client: GraphClient, collection: Collection) -> AsyncGenerator[Sequence[Item]]:
    """Give every page's items."""
    return read_pages(client, collection, items_of)


async def read_pages[Found](client: GraphClient, collection: Collection, read: Read[Found]) -> AsyncGenerator[Found]:
    """Give what *read* makes of every page; nextLinks are followed verbatim."""
    coming = asyncio.ensure_future(_fetch(client, collection, collection.url))
    try:
        while True:
            found, following = read(await coming, collection.what)
            if following is None:
                yield found
                return
            coming = asyncio.ensure_future(_fetch(client, collection, following, pace=collection.pace))
            yield found
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _fetch(client: GraphClient, collection: Collection, url: str, *, pace: timedelta = timedelta(0)) -> bytes:
    await asyncio.sleep(pace.total_seconds())
    return await client.get(url, _page_translator(collection.translate), priority="low")


def _page_translator(translate: Translate) -> Translate:
    """A page is not an application: where Graph knows it no longer (a token that ended), the pass starts again."""

    def translate_page(error: Failure) -> RotationError:
        failure = translate(error)
        return Unavailable(failure.message) if isinstance(failure, ApplicationGone | BrokenInvariant) else failure

    return translate_page


def items_of(raw: bytes, what: str) -> tuple[Sequence[Item], str | None]:
    """
    Read a page as JSON, which nobody has validated; what is no object counts as an empty one.

    Raises:
        Unavailable: It is no page.
    """
    try:
        page = json.loads(raw)
        items, following = page["value"], page.get("@odata.nextLink")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unavailable(f"{what}: a page cannot be read ({type(error).__name__})") from None
    if not isinstance(items, list) or not isinstance(following, str | None):
        raise Unavailable(f"{what}: a page cannot be read (not a collection)")
    return [item if isinstance(item, dict) else {} for item in items], following
