#!/usr/bin/env python3
"""Whom two agents believe: rotation and revocation by installed trust bundles, SPEC SEC-5."""

import json
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from license_lab import LicenseTest  # noqa: E402


class TrustTest(LicenseTest):
    def setUp(self):
        super().setUp()
        self.newest = self.lab.bundle  # version 1, the one that the agents are configured with

    def sign(self, *arguments, roots=("root",)) -> pathlib.Path:
        """The next version of the bundle."""
        output = self.lab.vendor_dir / f"next-{self.newest.stem}.json"
        signers = [item for root in roots for item in ("--root", root)]
        self.lab.vendor("trust", "sign", *signers, "--previous", self.newest, *arguments, "--output", output)
        self.newest = output
        return output

    def trust(self, node) -> dict:
        return json.loads(node.cli("--json", "trust", "show"))

    def install_trust(self, node, file) -> dict:
        return json.loads(node.cli("--json", "trust", "install", str(file)))

    def refused_trust(self, node, file) -> dict:
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", node.socket, "--json", "trust", "install", file],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        return json.loads(done.stdout)["error"]

    def wait_version(self, version: int, *nodes):
        for node in nodes:
            self.wait(f"{node.name} believes version {version}", lambda node=node: self.trust(node)["version"] == version)

    def wait_state(self, state: str, reason: str = ""):
        for node in (self.a, self.b):
            self.wait(f"{node.name} is {state} {reason}",
                      lambda node=node: (node.status()["state"], node.status()["reason"]) == (state, reason))

    def test_an_issuing_key_follows_another(self):  # SPEC SEC-5, LIC-10
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_state("Ready")
        self.lab.vendor("issuer", "create", "--name", "lab-2", "--output", "issuer-2", "--days", "3650")
        renewal = self.issue(self.red, "L-second-issuer", issuer="issuer-2")
        self.assertEqual(self.refusal(self.a, renewal), "untrusted-signer")

        installed = self.install_trust(self.a, self.sign("--issuer", "issuer-2"))
        self.assertEqual(installed["documents"][0]["trust_version"], 2)
        self.assertEqual({node["name"]: node["has"] for node in installed["nodes"]}, {"node-a": True, "node-b": True})
        trust = self.trust(self.a)
        self.assertEqual((trust["version"], trust["origin"]["node_name"]), (2, "node-a"))
        self.assertEqual({issuer["name"] for issuer in trust["issuers"]}, {"lab", "lab-2"})
        self.wait_version(2, self.b)
        self.assertEqual(self.trust(self.b), self.trust(self.a))
        self.install(self.b, renewal)
        self.wait_license("L-second-issuer", self.a, self.b)

        for node in (self.a, self.b):
            self.assertEqual(self.refused_trust(node, self.lab.bundle)["code"], "older-than-current")
            self.assertEqual(self.install_trust(node, self.newest)["documents"][0]["result"], "in-force")
        self.assertEqual([self.trust(n)["version"] for n in (self.a, self.b)], [2, 2])
        self.assertIn("trust bundle version 2 installed by", self.b.cli("record", "list", "--kind", "trust-installed"))
        refused = self.a.cli("record", "list", "--kind", "import-refused")
        self.assertIn("older-than-current", refused)
        self.assertIn("version 2", self.b.cli("trust", "show"))

    def test_a_package_brings_its_own_trust(self):  # SPEC SEC-5, LIC-6
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_state("Ready")
        for name, create in (("root-2", ("root", "create")), ("issuer-2", ("issuer", "create", "--name", "lab-2", "--days", "3650"))):
            self.lab.vendor(*create, "--output", name)
        rotation = self.sign("--new-root", "root-2", roots=("root", "root-2"))
        bundle = self.sign("--issuer", "issuer-2", roots=("root-2",))
        renewal = self.issue(self.red, "L-new-issuer", issuer="issuer-2")
        package = self.lab.dir / "package.txt"
        package.write_text("".join(file.read_text() for file in (renewal, bundle, rotation)))  # the worst order
        answer = self.install(self.a, package)
        self.assertEqual((answer["succeeded"], answer["failed"]), (3, 0), answer)
        self.assertEqual([document.get("trust_version") for document in answer["documents"]], [None, 3, 2])
        self.wait_version(3, self.a, self.b)
        self.wait_license("L-new-issuer", self.a, self.b)
        self.b.restart()
        self.wait_version(3, self.b)
        self.assertIn("trust bundle version 3", self.b.cli("record", "list", "--kind", "trust-installed"))
        self.assertEqual(self.refusal(self.b, rotation), "older-than-current")

    def test_the_root_changes_twice_while_a_node_is_away(self):  # SPEC SEC-5
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_state("Ready")
        self.b.stop()
        for root in ("root-2", "root-3"):
            self.lab.vendor("root", "create", "--output", root)
        second = self.sign("--new-root", "root-2", roots=("root", "root-2"))
        third = self.sign("--new-root", "root-3", roots=("root-2", "root-3"))
        skipped = self.refused_trust(self.a, third)
        self.assertEqual(skipped["code"], "untrusted-signer")
        self.assertIn("in between", skipped["cure"])
        first_roots = self.trust(self.a)["roots"]
        away = self.install_trust(self.a, second)
        self.assertEqual({node["name"]: node["has"] for node in away["nodes"]}, {"node-a": True, "node-b": False})
        self.install_trust(self.a, third)
        self.assertNotEqual(self.trust(self.a)["roots"], first_roots)

        self.b.start()
        self.wait_version(3, self.b)
        # Nobody touched a machine: the configuration still names the first root and the first bundle.
        self.a.restart()
        self.b.process.send_signal(signal.SIGHUP)
        self.wait_version(3, self.a, self.b)
        self.wait("the reload is done", lambda: "config-reloaded" in self.b.log.read_text())
        self.assertEqual(self.trust(self.a)["roots"], self.trust(self.b)["roots"])
        self.wait_state("Ready")
        with_old_root = self.lab.vendor_dir / "with-old-root.json"
        self.lab.vendor("trust", "sign", "--root", "root", "--issuer", "issuer", "--bundle-version", "9", "--output",
                        with_old_root)
        self.assertEqual(self.refused_trust(self.b, with_old_root)["code"], "untrusted-signer")
        self.install_trust(self.b, self.sign("--revoke-license", "L-nobody-has", roots=("root-3",)))
        self.wait_version(4, self.a)

        # An administrator may put the newest bundle into the configuration as well: it follows from what is stored.
        self.a.stop()
        self.a.config.write_text(self.a.config.read_text().replace(str(self.lab.bundle), str(self.newest)))
        self.a.start()
        self.assertEqual(self.trust(self.a)["version"], 4)

    def test_revocations_take_effect_at_once(self):  # SPEC SEC-5, LIC-5
        self.lab.vendor("issuer", "create", "--name", "lab-2", "--output", "issuer-2", "--days", "3650")
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_state("Ready")
        self.install_trust(self.a, self.sign("--issuer", "issuer-2"))
        self.wait_version(2, self.b)
        for name, issuer, what in (("L-stolen", "issuer", ("--revoke-license", "L-stolen")),
                                   ("L-by-thief", "issuer-2", ("--revoke-issuer", "issuer-2"))):
            with self.subTest(revoked=what[0]):
                self.install(self.a, self.issue(self.red, name, issuer=issuer))
                self.wait_license(name, self.a, self.b)
                self.wait_on_key(self.b)
                self.install_trust(self.a, self.sign(*what))
                self.wait_state("Fault", "license-invalid")
                self.wait("the withdrawal is a record",
                          lambda: name in self.b.cli("record", "list", "--kind", "license-withdrawn"))
                good = f"{name}-replaced"
                self.install(self.b, self.issue(self.red, good))
                self.wait_state("Ready")
                self.wait_license(good, self.a, self.b)
        self.install_trust(self.b, self.sign("--revoke-key-id", self.red))
        self.wait_state("Fault", "license-invalid")
        self.assertIn(self.red, self.a.cli("trust", "show"))
        self.assertEqual(self.refusal(self.a, self.issue(self.red, "L-for-nothing")), "revoked")


if __name__ == "__main__":
    unittest.main()
