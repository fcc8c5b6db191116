"""A small app of every trigger kind; what happens is written to the files that its settings name."""

import asyncio
import json
import logging
import os
import typing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


def _note(**facts: Any) -> None:
    line = json.dumps({"pid": os.getpid(), "at": datetime.now(UTC).isoformat()} | facts)
    with Path(os.environ["NOTES"]).open("a", encoding="utf-8") as notes:
        notes.write(line + "\n")


@app.timer_trigger(arg_name="timer", schedule="%DAILY%")
async def daily(timer: func.TimerRequest) -> None:
    _note(timer="daily", past_due=timer.past_due)


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def every_second(timer: func.TimerRequest) -> None:
    _note(timer="every_second", past_due=timer.past_due)
    await asyncio.sleep(0.2)


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="echoes", connection="AzureWebJobsStorage")
async def carry(message: func.QueueMessage, out: func.Out[typing.List[str]], context: func.Context) -> None:  # noqa: UP006 - the worker refuses list[str]
    text = message.get_body().decode()
    _note(queue=text, dequeue_count=message.dequeue_count, inserted=str(message.insertion_time))
    logging.getLogger("host_app").info("working on %s", text)
    if text.startswith("fail"):
        raise ValueError(f"cannot do {text}")
    if text.startswith("slow"):
        await asyncio.sleep(1.2)
    if text.startswith("echo"):
        out.set([text, "second"])
    _note(done=text, invocation=context.invocation_id)


@app.route(route="apps/{id:guid}/{view?}", methods=["GET", "POST"])
async def application(req: func.HttpRequest) -> func.HttpResponse:
    answer = {
        "method": req.method,
        "id": req.route_params["id"],
        "view": req.route_params.get("view"),
        "query": dict(req.params),
        "body": req.get_body().decode(),
        "header": req.headers.get("x-test"),
    }
    return func.HttpResponse(
        json.dumps(answer), status_code=201, mimetype="application/json", headers={"X-Answer": "yes"}
    )


@app.route(route="open/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
def open_to_all(req: func.HttpRequest) -> str:
    return str(req.route_params.get("rest", "nothing"))


@app.route(route="numbers/{n:int}", auth_level=func.AuthLevel.ANONYMOUS, methods=["GET"])
async def number(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError(f"no number {req.route_params['n']}")


@app.route(route="secrets", auth_level=func.AuthLevel.ADMIN)
async def secrets(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("for administrators")
