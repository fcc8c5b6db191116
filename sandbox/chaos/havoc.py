"""`Havoc`: while it storms, kill, freeze, cut off and repeat, at random moments and right after what matters."""

import threading
import time
from collections.abc import Callable
from random import Random

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from rotation.domain.messages import DeliveryMessage, RotationMessage, write
from sandbox.chaos import ledger, people
from sandbox.chaos.hosts import NAMES
from sandbox.chaos.relay import Passage
from sandbox.chaos.scene import Scene

_WATCH = 0.003
_BOTH = 0.2
_REST = 1.5
_LONGEST = 3
_AFTER_A_WRITE = 0.35
"""Probability of a kill right after a secret was minted or removed."""


def rage(scene: Scene, seconds: float) -> None:
    """
    Rage for so long, and while work is under way up to some times as long: then each phase meets the storm.

    All hosts run again when it returns, and the storage answers.
    """
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(scene, over, Random(scene.rng.random())), daemon=True)
    watcher.start()
    began = time.monotonic()
    try:
        while _goes_on(scene, time.monotonic() - began, seconds):
            time.sleep(scene.rng.uniform(0.2, 0.8))
            people.give_up(scene)
            if scene.plant.restless:
                _repeat(scene)
            _DEEDS[scene.rng.choices(range(len(_DEEDS)), weights=_WEIGHTS)[0]](scene)
    finally:
        over.set()
        watcher.join()
        scene.weather.end_outage()
    scene.hosts.all_up()


def _goes_on(scene: Scene, passed: float, seconds: float) -> bool:
    return passed < seconds or (passed < _LONGEST * seconds and bool(ledger.read(scene.books).moving()))


def _watch(scene: Scene, over: threading.Event, rng: Random) -> None:
    """Kill the moment after Graph has minted or removed something, before anybody could note it."""
    truth, ours = scene.cloud.entra.truth, scene.cloud.app[0]
    seen = len(truth.writes)
    while not over.wait(_WATCH):
        fresh, seen = truth.writes[seen:], len(truth.writes)
        if any(each["by"] == ours for each in fresh) and rng.random() < _AFTER_A_WRITE:
            _crash(scene, rng, after=0.0, why="right after a write to Graph")


def _kill(scene: Scene) -> None:
    _crash(scene, scene.rng, after=_REST, why="at a random moment")


def _crash(scene: Scene, rng: Random, *, after: float, why: str) -> None:
    """Kill one, now and then both, once both have run for so long: who does nothing is not interrupted."""
    if not scene.hosts.both_up(after):
        return
    for name in NAMES if rng.random() < _BOTH else (rng.choice(NAMES),):
        if scene.hosts.crash(name):
            scene.history.note(f"host {name} killed {why}")


def _freeze(scene: Scene) -> None:
    name, seconds = scene.rng.choice(NAMES), scene.rng.uniform(0.5, 3)
    if scene.hosts.freeze(name, seconds):
        scene.weather.counts["freeze"] += 1
        scene.history.note(f"host {name} frozen for {seconds:.1f} s")


def _outage(scene: Scene) -> None:
    passage = scene.rng.choice((Passage.REFUSING, Passage.STALLED))
    scene.history.note(f"storage {passage}")
    scene.weather.outage(passage)
    time.sleep(scene.rng.uniform(0.2, 1.0))
    scene.weather.end_outage()


def _repeat(scene: Scene) -> None:
    """Send messages of open rotations once more: any may come twice, late, or out of order."""
    now = ledger.read(scene.books)
    for rotation in now.rotations.values():
        if rotation["phase"]["phase"] in ledger.ENDED:
            continue
        ulid = ledger.ulid_of(rotation["id"])
        name = f"{ledger.application_of(rotation)}.{ulid}"
        send(scene, "rotations", write(RotationMessage(rotation=name)))
        for delivery in now.deliveries_of(ulid):
            message = DeliveryMessage(rotation=name, destination=delivery["destination"])
            send(scene, "deliveries", write(message))
    scene.weather.counts["repeated-messages"] += 1


def send(scene: Scene, queue: str, text: str) -> None:
    """Put a message into a queue, past every fault; a queue that nobody has made yet has nobody waiting."""
    storage = scene.world.storage
    client = QueueClient.from_connection_string(
        storage.connection_string,
        queue,
        message_encode_policy=TextBase64EncodePolicy(),
        connection_verify=scene.cloud.ca_file,
    )
    with client:
        try:
            client.send_message(text)
        except AzureError as error:
            scene.history.note(f"message to {queue} not sent: {type(error).__name__}")


def _scan(scene: Scene) -> None:
    scene.hosts.ask("nightly_scan")


_DEEDS: tuple[Callable[[Scene], None], ...] = (_kill, _freeze, _outage, _repeat, _scan)
_WEIGHTS = (4, 1, 1, 2, 0.25)
