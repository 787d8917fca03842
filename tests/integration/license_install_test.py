#!/usr/bin/env python3
"""Renewal with real agents and emulated keys: SPEC LIC-5, LIC-8, LIC-10, LIC-13, REQ-3."""

import json
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from license_lab import HOUR, KNOWN, NOW, LicenseTest, catalog  # noqa: E402


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
        listed = self.a.cli("license", "list")
        self.assertIn(name, listed)
        self.assertIn("Object 0 (base), 1 CPU socket,", listed)
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
        before = self.a.get("/v1/licenses")["licenses"]
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
        self.assertEqual(self.a.get("/v1/licenses")["licenses"], before, "a refusal changes nothing")
        self.wait("each refusal is recorded", lambda: self.refused(self.a) == ["key-not-inserted", *cases])
        self.install(self.a, renewal)
        self.assertEqual(self.refusal(self.a, renewal), "already-imported")
        older = self.issue(self.red, "L-older", issued=NOW + HOUR)
        self.assertEqual(self.refusal(self.a, older), "older-than-current")
        self.assertEqual(self.license_of(self.a), "L-new")

    def refused(self, node) -> list[str]:  # SPEC REC-1
        return [r["fact"]["code"] for r in reversed(node.get("/v1/records?kind=import-refused")["records"])]

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

    def test_a_revoked_license_that_the_agents_keep(self):  # SPEC SEC-5
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        first = self.license_of(self.a)
        self.install(self.a, self.issue(self.red, "L-large", entries=150))
        self.wait_license("L-large", self.b)
        self.lab.vendor("trust", "sign", "--root", "root", "--previous", self.lab.bundle, "--revoke-license",
                        "L-large", "--output", self.lab.bundle)
        self.b.process.send_signal(signal.SIGHUP)
        self.wait_license(first, self.a, self.b)  # one node is enough
        self.assertIn("revoked", self.a.cli("record", "list", "--kind", "license-withdrawn"))

    def test_the_catalogue_at_a_reload(self):  # SPEC LIC-5, LIC-11
        self.a.start()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        listed = self.a.cli("license", "list")
        self.assertIn("valid, in use", listed)  # what a key carries counts, whatever the catalogue knows
        self.assertRegex(listed, r"kvm \(base\), 10 CPU sockets, .*, not in the catalogue")
        wide = self.issue(self.red, "L-wide", entries=KNOWN + 1)
        self.assertEqual(self.refusal(self.a, wide), "unknown-object")
        for text, event in (("[objects\n", "config-refused"), (catalog(KNOWN + 1), "config-reloaded")):
            self.catalog.write_text(text)
            self.assertEqual(self.refusal(self.a, wide), "unknown-object")  # the one from before is in force
            self.a.process.send_signal(signal.SIGHUP)
            self.wait(event, lambda event=event: f"event={event}" in self.a.log.read_text())
        self.assertEqual(self.install(self.a, wide)["succeeded"], KNOWN + 1)

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


class TokenTest(LicenseTest):
    """The same with PIV tokens, which the agent writes only with their management key."""

    def install_first(self, keep_management_key: bool) -> dict:
        blue = self.create_token("blue", keep_management_key)
        self.pair()
        self.lab.ctl("a", "plug", "blue")
        self.wait("Fault", lambda: self.b.status()["reason"] == "unprovisioned")
        self.assertEqual(self.b.cli("key", "id").strip(), blue)
        answer = self.install(self.a, self.issue(blue, "L-token"))
        self.assertTrue(answer["documents"][0]["used"], answer)
        self.wait_license("L-token", self.a, self.b)
        return answer["documents"][0]["key_storage"]

    def test_with_its_management_key(self):  # SPEC LIC-8
        self.assertEqual(self.install_first(keep_management_key=True)["state"], "written")
        self.wait_on_key(self.b)
        self.a.stop()
        self.forget(self.a)
        self.a.start()
        self.wait_license("L-token", self.a)

    def test_without_its_management_key(self):  # SPEC LIC-8: the agents keep it
        storage = self.install_first(keep_management_key=False)
        self.assertEqual(storage["state"], "refused", storage)
        self.assertEqual({self.stored(self.a), self.stored(self.b)}, {"agents"})
        for node in (self.a, self.b):
            node.restart()
        self.wait_license("L-token", self.a, self.b)
        self.lab.ctl("a", "pull", "blue")
        self.wait("a buffer runs", lambda: self.b.status()["buffer"])
        self.lab.ctl("b", "plug", "blue")
        self.wait_license("L-token", self.a, self.b)
        self.assertEqual(self.stored(self.b), "agents")


if __name__ == "__main__":
    unittest.main()
