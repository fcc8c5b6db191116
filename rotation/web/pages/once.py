"""Two presses of one button are one act: the second gets the first one's answer."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from rotation.ledger.once import Once, Taken
from rotation.web.exchange import Handler, Request, Response, see_other
from rotation.web.forms import fields_of
from rotation.web.pages.forms import ONCE_FIELD
from rotation.web.pages.rendering import href
from rotation.web.protection import FORM_LIFETIME
from rotation.workflows.services import Services

KIND = "form"
WAITS, LOOK_EVERY = 20, 0.25
"""How often, and every how many seconds, the second press looks for what came of the first."""


def pressed_once(handler: Handler) -> Handler:
    """
    Let *handler* take each form as it was given out once.

    What was refused is forgotten, so that the same form may be sent again; what died in between is answered with the
    page that the form stood on, which shows what is so.
    """

    async def take(services: Services, request: Request) -> Response:
        key, books, now = _key(request), Once(services.tables), services.clock.now()
        taken = Taken(kind=KIND, owner=services.ulids.make(), began_at=now, expires_at=now + FORM_LIFETIME)
        if not await books.take(key, taken):
            return await _answered_before(books, key, request)
        done = False
        try:
            response = await handler(services, request)
            done = response.status == HTTPStatus.SEE_OTHER
        finally:
            if not done:
                await books.give_back(KIND, key)
        if done:
            await _keep(books, key, response)
        return response

    take.__doc__ = handler.__doc__
    return take


def _key(request: Request) -> str:
    pressed = fields_of(request).get(ONCE_FIELD, [""])[-1]
    return f"{request.principal.subject}|{request.path}|{pressed}"


async def _keep(books: Once, key: str, response: Response) -> None:
    found = await books.find(KIND, key)
    if found is not None:
        taken, etag = found
        await books.put(key, replace(taken, status=response.status, headers=dict(response.headers)), etag=etag)


async def _answered_before(books: Once, key: str, request: Request) -> Response:
    for _look in range(WAITS):
        found = await books.find(KIND, key)
        if found is None:
            break
        if found[0].status:
            return Response(status=found[0].status, headers=found[0].headers)
        await asyncio.sleep(LOOK_EVERY)
    return see_other(href(*request.path.strip("/").split("/"), said="pressed"))
