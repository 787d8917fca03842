"""Consumers that state usage and heartbeat without end, and know what was acknowledged to each of them."""

import collections
import http.client
import json
import random
import threading
import time

from cards import Card

TTL = 100  # longer than any deadline of a test: nothing ends while it waits
MOST = 6  # that one consumer uses
PAUSE_S = 0.03
TIMEOUT_S = 2
TRY_AGAIN = (421, 429, 503)


class Consumer(threading.Thread):
    """One consumer. Honest: what it gave back it does not use again before that was acknowledged."""

    def __init__(self, load: "Load", number: int):
        super().__init__(daemon=True)
        self.load, self.name = load, f"vm-{number}"
        self.random = random.Random(number)
        # The token goes along always, after trouble, or never: who shows none waits until its lease has arrived, so
        # that one that was lost is noticed.
        self.shows_token = ("always", "after trouble", "never")[number % 3]
        self.trouble = False
        self.connection: http.client.HTTPSConnection | None = None
        self.token = ""
        self.acknowledged = 0
        self.wanted: int | None = None  # not answered yet
        self.uncertain = False          # something larger may have been granted, and the answer lost
        self.unknown = False            # said the node of the lease
        self.surely_used = 0            # at least that much counts somewhere
        self.idle = threading.Event()

    def run(self):
        while not self.load.ended.is_set():
            if self.resolved() and self.load.paused.is_set():
                self.idle.set()
                time.sleep(PAUSE_S)
                continue
            self.idle.clear()
            try:
                self.step()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                self.trouble = self.uncertain = True
                self.load.counts["no answer"] += 1
            except Exception as error:  # a thread that dies would only be a timeout
                self.load.fail(f"{self.name}: {error!r}")
            time.sleep(PAUSE_S)

    def resolved(self) -> bool:
        return self.wanted is None and not self.unknown

    def step(self):
        if self.unknown or (self.wanted is None and self.acknowledged and self.random.random() < 0.5):
            return self.heartbeat()
        if self.wanted is None:
            self.wanted, self.uncertain = self.random.randint(1, MOST), False
        with self.load.lock:
            self.surely_used = min(self.surely_used, self.wanted)
        usage = [{"object": "kvm", "unit": "cpu-socket", "quantity": self.wanted}]
        status, answer = self.ask("PUT", "usage", {"usage": usage, "ttl_s": TTL})
        if status == 200:
            self.granted(answer)
        elif status in TRY_AGAIN or answer.get("code") == "capacity-exhausted":
            self.refused(status)
        else:
            self.load.fail(f"{self.name}: {self.wanted}: {status} {answer}")

    def heartbeat(self):
        status, answer = self.ask("POST", "heartbeat", {})
        if status in (200, 404):
            self.unknown = status == 404
        elif status not in TRY_AGAIN:
            self.load.fail(f"{self.name}: heartbeat: {status} {answer}")

    def granted(self, answer: dict):
        self.token = answer["token"]
        self.load.acknowledge(self, self.wanted, answer)
        self.wanted = None

    def refused(self, status: int):
        """It goes on with what it had; of what it does not use any more it goes on to say so."""
        if self.wanted <= self.acknowledged:
            return
        self.uncertain = self.uncertain or status != 409
        self.wanted = self.acknowledged if self.uncertain and self.acknowledged else None

    def ask(self, method: str, what: str, body: dict) -> tuple[int, dict]:
        if self.token and (self.shows_token == "always" or (self.shows_token == "after trouble" and self.trouble)):
            body = body | {"token": self.token}
        if self.connection is None:
            card = self.load.card
            self.connection = http.client.HTTPSConnection(card.host, card.port, timeout=TIMEOUT_S, context=card.context)
        self.connection.request(method, f"/v1/consumers/{self.name}/{what}", json.dumps(body))
        reply = self.connection.getresponse()
        answer = json.loads(reply.read())
        self.trouble = reply.status != 200
        self.load.counts[f"{method} {reply.status} {answer.get('code', '')}".strip()] += 1
        return reply.status, answer


class Load:
    """All consumers. `with Load(…)`: they run until its end."""

    def __init__(self, card: Card, consumers: int, total: int):
        self.card, self.total = card, total
        self.lock = threading.Lock()
        self.paused, self.ended = threading.Event(), threading.Event()
        self.acknowledgements = 0
        self.counts: collections.Counter = collections.Counter()
        self.failures: list[str] = []
        self.consumers = [Consumer(self, number) for number in range(consumers)]

    def __enter__(self):
        for consumer in self.consumers:
            consumer.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for consumer in self.consumers:
            consumer.join(timeout=10)

    def acknowledge(self, consumer: Consumer, quantity: int, answer: dict):
        pool = answer["pools"][0]
        with self.lock:
            consumer.acknowledged = consumer.surely_used = quantity
            self.acknowledgements += 1
            granted = sum(one.surely_used for one in self.consumers)
        if max(granted, pool["used"]) > self.total:
            self.fail(f"{granted} are granted, {pool['used']} counted, of {self.total}")

    def fail(self, why: str):
        self.failures.append(f"{time.strftime('%T')} {why}")

    def expected(self) -> dict[str, int]:
        """While all are idle."""
        return {one.name: one.acknowledged for one in self.consumers if one.acknowledged}

    def all_idle(self) -> bool:
        return all(one.idle.is_set() and one.resolved() for one in self.consumers)

    def waiting(self) -> list[str]:
        return [f"{one.name} ({one.shows_token}): {one.acknowledged}, wants {one.wanted}, unknown: {one.unknown}"
                for one in self.consumers if not one.resolved()]
