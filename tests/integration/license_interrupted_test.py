#!/usr/bin/env python3
"""Installations of a license that are interrupted: kill -9, yank, power loss (SPEC LIC-7, LIC-8).

LATCHKEY_SEED replays a run, LATCHKEY_ROUNDS makes it longer.
"""

import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from license_lab import LicenseTest  # noqa: E402


class InterruptionTest(LicenseTest):
    """SPEC LIC-7, LIC-8: old or new, never none, and the installation ends by itself."""

    key = "red"
    entries = 1
    write_faults = ("unplug-write",)

    def create(self) -> str:
        """The key with its first license, not plugged in; its key ID."""
        return self.red

    def setUp(self):
        super().setUp()
        self.key_id = self.create()
        seed = int(os.environ.get("LATCHKEY_SEED", random.SystemRandom().randrange(1 << 32)))
        self.rounds = int(os.environ.get("LATCHKEY_ROUNDS", 25))
        self.random = random.Random(seed)
        print(f"LATCHKEY_SEED={seed} LATCHKEY_ROUNDS={self.rounds}", flush=True)
        self.a.start()
        self.lab.ctl("a", "plug", self.key)
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        self.valid = {self.license_of(self.a)}

    def pause(self):
        """Up to 60 ms, mostly short: the installation is durable after a few milliseconds, on the key some later."""
        time.sleep(0.06 * self.random.random() ** 3)

    def start_install(self, name: str) -> threading.Thread:
        """In a thread of its own; `acknowledged` says that the agent did."""
        body = json.loads(self.issue(self.key_id, name, entries=self.entries).read_text())
        self.acknowledged = False

        def post():
            try:
                self.a.post("/v1/licenses", body)
                self.acknowledged = True
            except (OSError, http.client.HTTPException, labs.LabError):
                pass  # the agent was killed in the middle

        thread = threading.Thread(target=post, daemon=True)
        thread.start()
        return thread

    def expect_old_or_new(self, old: str, new: str):
        """What counts after the interruption; and it ends up on the key, whichever it is."""
        status = self.wait("Ready", self.settled)
        self.assertTrue(status["usable"], status)
        counts = status["license"]["id"]
        self.assertIn(counts, (old, new))
        if self.acknowledged:
            self.assertEqual(counts, new, "an acknowledged license must survive")
        self.wait_on_key(self.a)
        self.assertEqual(self.license_of(self.a), counts)
        return counts

    def settled(self) -> dict | None:
        """A status that speaks of the key as it is plugged in now."""
        status = self.a.status()
        [found] = (key for key in self.lab.ctl("a", "list")["keys"] if key["name"] == self.key)
        here = any(key["port"] == f"{self.key}#{found['generation']}" for key in status["keys"])
        return status if here and status["state"] == "Ready" and not status["reading"] else None

    def rounds_of(self, what: str, interrupt, prepare=lambda number: None):
        old = self.license_of(self.a)
        taken = 0
        for number in range(self.rounds):
            new = f"L-{what}-{number}"
            with self.subTest(what=what, number=number):
                prepare(number)
                thread = self.start_install(new)
                interrupt(number)
                thread.join()
                counts = self.expect_old_or_new(old, new)
                taken += counts == new
                old = counts
        self.a.cli("record", "verify")
        print(f"{what}: {self.rounds} interruptions, {taken} licenses were taken all the same", flush=True)
        return taken

    def test_killed_agent(self):
        def kill(_number):
            self.pause()
            self.a.kill()
            self.a.start()

        self.rounds_of("killed", kill)

    def test_pulled_key(self):
        def every_third_time_in_the_write(number):
            if number % 3 == 0:
                self.lab.ctl("a", "fault", self.key, self.write_faults[number // 3 % len(self.write_faults)])

        def pull(number):
            if number % 3 == 0:
                self.wait("the key left in the middle of the write", lambda: not self.plugged())
            else:
                self.pause()
                self.lab.ctl("a", "pull", self.key)
            self.lab.ctl("a", "plug", self.key)

        self.assertGreater(self.rounds_of("pulled", pull, every_third_time_in_the_write), 0)

    def plugged(self) -> bool:
        return any(key["name"] == self.key and key["port"] for key in self.lab.ctl("a", "list")["keys"])

    def test_power_loss_of_key_and_agent(self):
        emulator = next(child for child in self.lab.children if "latchkey-emulator" in str(child.args[0]))
        command = emulator.args

        def lose_power(_number):
            nonlocal emulator
            self.pause()
            emulator.kill()
            self.a.kill()
            emulator.wait()
            for name in ("a", "b", "desk"):
                self.lab.port_socket(name).unlink(missing_ok=True)
            emulator = self.lab.spawn(command, self.lab.dir / "emulator.log")
            self.wait("the keys have power", self.emulator_answers)
            self.lab.ctl("a", "plug", self.key)
            self.a.start()

        self.rounds_of("powerless", lose_power)

    def emulator_answers(self) -> bool:
        try:
            return bool(self.lab.ctl("a", "list"))
        except OSError:
            return False


class TokenInterruptionTest(InterruptionTest):
    """The same with a PIV token behind a reader of short APDUs: each object is written in several pieces."""

    key = "blue"
    entries = 25
    write_faults = ("unplug-write", "power-loss")

    def create(self) -> str:
        key_id = self.create_token("blue", True, "--short-apdu")
        device = ("--emulated", self.lab.port_socket("desk"), "--id", "blue")
        self.lab.ctl("desk", "plug", "blue")
        self.lab.vendor("provision", self.issue(key_id, "L-before"), *device, "--root", "root.pub", "--bundle",
                        self.lab.bundle, "--management-keys", self.lab.dir / "blue.keys")
        self.lab.ctl("desk", "pull", "blue")
        return key_id


if __name__ == "__main__":
    unittest.main()
