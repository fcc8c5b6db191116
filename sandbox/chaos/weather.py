"""`Weather`: what the services do wrong while it storms, drawn from the seed and counted by kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from sandbox.chaos.plants import NOTHING, Plant
from sandbox.chaos.relay import Passage, Relay
from sandbox.cloud import Cloud

_KINDS: Mapping[str, Mapping[str, Any]] = {
    # The first that matches strikes: the exact ones stand first.
    "lost-mint": {"part": "graph", "match": {"path": "addPassword"}, "action": "drop-after"},
    "slow-mint": {"part": "graph", "match": {"path": "addPassword"}, "action": "slow"},
    "lost-removal": {"part": "graph", "match": {"path": "removePassword"}, "action": "drop-after"},
    "lost-put": {"part": "vault", "match": {"method": "PUT"}, "action": "drop-after"},
    "conflict": {"part": "graph", "match": {"method": "POST"}, "action": "conflict"},
    "throttle": {"part": "graph", "action": "throttle", "retry_after": 1},
    "5xx": {"part": "graph", "action": "status", "status": 503},
    "drop-before": {"part": "graph", "action": "drop-before"},
    "drop-after": {"part": "graph", "action": "drop-after"},
    "slow": {"part": "graph", "action": "slow"},
    "vault-throttle": {"part": "vault", "action": "throttle", "retry_after": 1},
    "vault-5xx": {"part": "vault", "action": "status", "status": 503, "code": "ServiceUnavailable"},
    "vault-drop-before": {"part": "vault", "action": "drop-before"},
    "vault-drop-after": {"part": "vault", "action": "drop-after"},
    "vault-slow": {"part": "vault", "action": "slow"},
    "sign-in-5xx": {"part": "signin", "action": "status", "status": 503},
    "sign-in-drop": {"part": "signin", "action": "drop-after"},
    "identity-5xx": {"part": "identity", "action": "status", "status": 500},
    "receiver-5xx": {"part": "downstream", "action": "status", "status": 503},
    "receiver-drop-before": {"part": "downstream", "action": "drop-before"},
    "receiver-drop-after": {"part": "downstream", "action": "drop-after"},
    "receiver-slow": {"part": "downstream", "action": "slow"},
}
_OFTEN = {"conflict": 0.12, "lost-mint": 0.25, "slow-mint": 0.25, "lost-removal": 0.3, "lost-put": 0.08}
_SELDOM = 0.03
_SLOWEST = 1.5
_CALM_LAG = 0.3


class Weather:
    """Storm or calm over one cloud and its storage."""

    def __init__(self, cloud: Cloud, relays: Sequence[Relay], *, rng: Random, plant: Plant = NOTHING) -> None:
        self._cloud = cloud
        self._relays = relays
        self._rng = rng
        self._plant = plant
        self._rules: dict[str, str] = {}
        self.read_lag = _CALM_LAG
        """The longest, in seconds, by which a read was behind in this run."""
        self.counts: Counter[str] = Counter()
        """How often each kind struck."""

    def storm(self) -> None:
        """Let everything fail now and then; a plant says how often, where it needs weather of its own."""
        for kind, rule in _KINDS.items():
            drawn = _OFTEN.get(kind, _SELDOM) * self._rng.uniform(0.3, 1.7)
            probability = self._plant.often.get(kind, drawn)
            delay = self._plant.slowness or self._rng.uniform(0.2, _SLOWEST)
            waits = {"delay_seconds": delay} if rule["action"] == "slow" else {}
            strike = {**rule, "times": None, "probability": probability, **waits}
            self._rules[self._cloud.faults.add(strike)] = kind
        for relay in self._relays:
            relay.cuts = self._rng.uniform(0, 0.02)
        lags = {name: round(self._rng.uniform(0, most), 2) for name, most in _LAGS.items()}
        lags |= self._plant.lags
        self._cloud.entra.behaviour.update(lags)
        self.read_lag = max(self.read_lag, lags["read_lag_seconds"])
        self.counts["lag"] += 1

    def calm(self) -> None:
        """Let everything work again; lags and the reports' delay stay as real ones do."""
        for rule in self._cloud.faults.rules():
            if rule["id"] in self._rules:
                self.counts[self._rules[rule["id"]]] += rule["hits"]
                self._cloud.faults.remove(rule["id"])
        self._rules.clear()
        for relay in self._relays:
            relay.cuts = 0.0
            relay.become(Passage.OPEN)
            self.counts["storage-cut"] += relay.lost
            relay.lost = 0
        self._cloud.entra.behaviour.update(dict.fromkeys(_LAGS, _CALM_LAG))

    def outage(self, passage: Passage) -> None:
        """Take one service of the storage away, until `end_outage`."""
        self._rng.choice(self._relays).become(passage)
        self.counts[f"storage-{passage}"] += 1

    def end_outage(self) -> None:
        for relay in self._relays:
            relay.become(Passage.OPEN)


_LAGS = {"secret_lag_seconds": 4.0, "read_lag_seconds": 3.0, "conflict_window_seconds": 0.3}
"""At most so many seconds each."""
