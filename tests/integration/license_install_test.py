#!/usr/bin/env python3
"""Renewal with real agents and emulated keys: SPEC LIC-5, LIC-7, LIC-8, LIC-10, LIC-13, REQ-3.

LATCHKEY_SEED replays a run of the interrupted installations, LATCHKEY_ROUNDS makes it longer.
"""

import datetime
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def rfc3339(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class LicenseTest(unittest.TestCase):
    """A vendor, two keys and two agents that are not started yet."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.red = self.lab.create_key("red")
        self.agents = {port: labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0,
                                        rescan_s=1) for port in "ab"}
        self.a, self.b = self.agents.values()
        self.issued = 0

    def pair(self):
        self.a.start()
        self.b.start()
        self.b.join(self.a.invite())
        self.wait("both nodes are linked", lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)))

    def issue(self, key_id: str, name: str, issuer="issuer", begin=NOW, days=400, issued=None, entries=1) -> pathlib.Path:
        """A license issued a second after the one before, all of them after the key's first one."""
        self.issued += 1
        issued = issued or NOW + HOUR + datetime.timedelta(seconds=self.issued)
        kinds = [item for n in range(entries) for item in ("--entry", f"object-{n}:cpu-socket:{n + 1}")]
        self.lab.vendor("issue", "--issuer", issuer, "--key-id", key_id, "--id", name, "--customer", "Lab", *kinds,
                        "--issued", rfc3339(issued), "--not-before", rfc3339(begin), "--days", str(days),
                        "--output", f"{name}.license")
        return self.lab.vendor_dir / f"{name}.license"

    def install(self, node, file) -> dict:
        return json.loads(node.cli("--json", "license", "install", str(file)))

    def refusal(self, node, file) -> str:
        """The code of the refusal; it has a message, a cure and exit code 1 (docs/cli.md)."""
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", node.socket, "--json", "license", "install", file],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        error = json.loads(done.stdout)["error"]
        self.assertTrue(error["message"] and error["cure"], error)
        return error["code"]

    def wait(self, what: str, probe, timeout: float = 20):
        try:
            return labs.wait_for(what, probe, timeout)
        except labs.LabError as error:
            running = [n for n in (self.a, self.b) if n.process and n.process.poll() is None]
            told = [f"{json.dumps(n.status())}\n{n.log.read_text()[-3000:]}" for n in running]
            raise AssertionError("\n".join((str(error), *told))) from error

    def license_of(self, node) -> str | None:
        return (node.status()["license"] or {}).get("id")

    def wait_license(self, name: str, *nodes):
        for node in nodes:
            self.wait(f"{node.name} uses {name}", lambda node=node: self.license_of(node) == name)

    def stored(self, node) -> str | None:
        keys = node.status()["keys"]
        return keys[0]["license_stored"] if keys else None

    def wait_on_key(self, node):
        self.wait("the key carries the license", lambda: self.stored(node) in ("key", "both"))

    def forget(self, node):
        for file in (node.dir / "state").glob("latchkey.db*"):
            file.unlink()


class RenewalTest(LicenseTest):
    def test_from_the_key_id_to_the_key(self):  # SPEC REQ-3, LIC-8, LIC-10
        self.pair()
        for round_, (home, asked) in enumerate((("a", "a"), ("a", "b"), ("b", "a"))):
            with self.subTest(home=home, asked=asked):
                node = self.agents[asked]
                self.lab.ctl(home, "plug", "red")
                self.wait("Ready", lambda node=node: node.status()["state"] == "Ready")
                key_id = node.cli("key", "id").strip()
                self.assertEqual(key_id, self.red)
                name = f"L-round-{round_}"
                answer = self.install(node, self.issue(key_id, name))
                self.assertEqual((answer["succeeded"], answer["failed"]), (1, 0))
                self.assertTrue(all(n["has"] for n in answer["nodes"]) and len(answer["nodes"]) == 2, answer)
                [result] = answer["documents"]
                self.assertTrue(result["used"], result)
                self.assertEqual(result["key_storage"]["state"], "written", result)
                self.assertEqual({self.license_of(self.a), self.license_of(self.b)}, {name})
                self.wait("both know that it is on the key",
                          lambda: {self.stored(self.a), self.stored(self.b)} == {"both"})
                self.lab.ctl(home, "pull", "red")
                self.wait("both miss it", lambda: {n.status()["state"] for n in (self.a, self.b)} == {"Missing"})
        self.recorded("L-round-2")
        # What the key carries outlives both databases.
        for node in (self.a, self.b):
            node.stop()
            self.forget(node)
        self.lab.ctl("b", "plug", "red")
        self.b.start()
        self.wait_license("L-round-2", self.b)
        self.assertEqual(self.stored(self.b), "key")

    def recorded(self, name: str):  # SPEC REC-1
        records = self.b.cli("record", "list", "--kind", "license-imported")
        self.assertIn(name, records.splitlines()[0])
        self.assertIn("installed by", records)
        listed = json.loads(self.a.cli("--json", "license", "list"))["licenses"]
        self.assertEqual(listed[0]["id"], name)
        self.assertEqual(listed[0]["entries"][0]["object"], "object-0")
        self.assertIn(name, self.a.cli("license", "list"))
        self.a.cli("record", "verify")

    def test_refusals(self):  # SPEC LIC-5
        green = self.lab.create_key("green")
        garbage = self.lab.dir / "garbage"
        garbage.write_bytes(b"\x00\xffno license")
        renewal = self.issue(self.red, "L-new")
        revoked = self.issue(self.red, "L-revoked")
        self.lab.vendor("trust", "sign", "--root", "root", "--previous", self.lab.bundle, "--revoke-license",
                        "L-revoked", "--output", self.lab.bundle)
        self.lab.vendor("issuer", "create", "--name", "stranger", "--output", "stranger", "--days", "3650")
        self.a.start()
        self.assertEqual(self.refusal(self.a, renewal), "key-not-inserted")
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        before = self.a.get("/v1/records")["records"]
        cases = {
            "invalid-format": garbage,
            "untrusted-signer": self.issue(self.red, "L-foreign", issuer="stranger"),
            "revoked": revoked,
            "wrong-key-id": self.issue(green, "L-green"),
            "expired": self.issue(self.red, "L-over", begin=NOW - 72 * HOUR, days=1),
            "not-yet-valid": self.issue(self.red, "L-soon", begin=NOW + 48 * HOUR),
        }
        for code, file in cases.items():
            self.assertEqual(self.refusal(self.a, file), code)
        self.assertEqual(self.a.get("/v1/records")["records"], before, "a refusal leaves no trace in the history")
        self.install(self.a, renewal)
        self.assertEqual(self.refusal(self.a, renewal), "already-imported")
        older = self.issue(self.red, "L-older", issued=NOW + HOUR)
        self.assertEqual(self.refusal(self.a, older), "older-than-current")
        self.assertEqual(self.license_of(self.a), "L-new")

    def test_the_other_node_is_down(self):  # SPEC LIC-10
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        self.b.stop()
        self.wait("the link is down", lambda: self.a.status()["peer"] != "reachable")
        text = self.a.cli("license", "install", str(self.issue(self.red, "L-alone")))
        self.assertIn("Node node-b has not got it yet", text)
        self.assertIn("Node node-a has it", text)
        self.b.start()
        self.wait_license("L-alone", self.b)
        self.b.cli("record", "verify")
        # And its document went along: alone with its own copy, node b brings it to the key.
        self.a.stop()
        self.lab.ctl("a", "pull", "red")
        self.assertEqual(json.loads(self.b.cli("--json", "license", "list"))["licenses"][0]["entries"][0]["quantity"], 1)

    def test_from_standard_input(self):  # SPEC LIC-13
        self.a.start()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        with open(self.issue(self.red, "L-piped"), "rb") as license_:
            subprocess.run([self.lab.bin / "latchkey", "--socket", self.a.socket, "license", "install", "-"],
                           stdin=license_, check=True, timeout=30, stdout=subprocess.DEVNULL)
        self.assertEqual(self.license_of(self.a), "L-piped")

    def test_a_key_that_cannot_store_it(self):  # SPEC LIC-8
        """The emulated key holds 16 KiB: a larger license is kept by both agents alone."""
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait("Ready", lambda: self.b.status()["state"] == "Ready")
        answer = self.install(self.b, self.issue(self.red, "L-large", entries=150))
        self.assertEqual(answer["succeeded"], 150)
        [result] = answer["documents"]
        self.assertTrue(result["used"])
        self.assertEqual(result["key_storage"]["state"], "refused", result)
        self.wait_license("L-large", self.a, self.b)
        self.assertEqual({self.stored(self.a), self.stored(self.b)}, {"agents"})
        self.assertIn("the agents keep its license", self.b.cli("status"))
        for node in (self.a, self.b):
            node.restart()
        self.wait_license("L-large", self.a, self.b)
        # The key moves to the other node; the document is there already.
        self.lab.ctl("b", "pull", "red")
        self.wait("both miss it", lambda: {n.status()["state"] for n in (self.a, self.b)} == {"Missing"})
        self.lab.ctl("a", "plug", "red")
        self.wait_license("L-large", self.a, self.b)
        # One that fits takes its place, on the key as well.
        self.install(self.b, self.issue(self.red, "L-small"))
        self.wait_license("L-small", self.a, self.b)
        self.wait_on_key(self.a)

    def test_the_first_license_of_a_bare_key(self):  # SPEC KEY-3 unprovisioned
        self.lab.ctl("a", "create", "bare")
        self.lab.ctl("a", "plug", "bare")
        self.a.start()
        self.wait("Fault", lambda: self.a.status()["reason"] == "unprovisioned")
        key_id = self.a.cli("key", "id").strip()
        answer = self.install(self.a, self.issue(key_id, "L-first"))
        self.assertTrue(answer["documents"][0]["used"])
        self.assertEqual(self.a.status()["state"], "Ready")
        self.wait_on_key(self.a)


class InterruptionTest(LicenseTest):
    """SPEC LIC-7, LIC-8: old or new, never none, and the installation ends by itself."""

    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("LATCHKEY_SEED", random.SystemRandom().randrange(1 << 32)))
        self.rounds = int(os.environ.get("LATCHKEY_ROUNDS", 25))
        self.random = random.Random(seed)
        print(f"LATCHKEY_SEED={seed} LATCHKEY_ROUNDS={self.rounds}", flush=True)
        self.a.start()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        self.valid = {self.license_of(self.a)}

    def pause(self):
        """Up to 60 ms, mostly short: the installation is durable after a few milliseconds, on the key some later."""
        time.sleep(0.06 * self.random.random() ** 3)

    def start_install(self, name: str) -> threading.Thread:
        """In a thread of its own; `acknowledged` says that the agent did."""
        body = json.loads(self.issue(self.red, name).read_text())
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
        [red] = (key for key in self.lab.ctl("a", "list")["keys"] if key["name"] == "red")
        here = any(key["port"] == f"red#{red['generation']}" for key in status["keys"])
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
        def every_fifth_time_in_the_write(number):
            if number % 5 == 0:
                self.lab.ctl("a", "fault", "red", "unplug-write")

        def pull(number):
            if number % 5 == 0:
                self.wait("the key left in the middle of the write", lambda: not self.plugged())
            else:
                self.pause()
                self.lab.ctl("a", "pull", "red")
            self.lab.ctl("a", "plug", "red")

        self.assertGreater(self.rounds_of("pulled", pull, every_fifth_time_in_the_write), 0)

    def plugged(self) -> bool:
        return any(key["name"] == "red" and key["port"] for key in self.lab.ctl("a", "list")["keys"])

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
            self.lab.ctl("a", "plug", "red")
            self.a.start()

        self.rounds_of("powerless", lose_power)

    def emulator_answers(self) -> bool:
        try:
            return bool(self.lab.ctl("a", "list"))
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
