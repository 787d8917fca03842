#!/usr/bin/env python3
"""File licenses with real agents, from the request key to both nodes: SPEC LIC-1, LIC-2, LIC-5…7, LIC-10, LIC-13, REQ-1.

LATCHKEY_SEED replays the interruptions, LATCHKEY_ROUNDS makes them more.
"""

import base64
import contextlib
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
from license_lab import HOUR, NOW, LicenseTest, rfc3339  # noqa: E402

MODULE = '[objects.backup]\nname = "Backup"\nkind = "module"\nunits = ["cpu-socket"]\n'
SECOND = datetime.timedelta(seconds=1)
BASE_ENTRY = "object-0:cpu-socket:10"
MODULE_ENTRY = "backup:cpu-socket:4:module"


class FileLicenseTest(LicenseTest):
    def setUp(self):
        super().setUp()
        self.catalog.write_text(self.catalog.read_text() + MODULE)

    def request_key(self, node) -> pathlib.Path:
        def covers_all():
            payload = json.loads(base64.b64decode(node.get("/v1/request-key")["payload"]))
            return all(one["factors"] for one in payload["nodes"])

        self.wait("every node has told of its machine", covers_all)
        file = self.lab.dir / f"{node.name}.request"
        node.cli("request-key", "-o", file)
        return file

    def issue_file(self, request: pathlib.Path, name: str, entry: str, *options) -> pathlib.Path:
        self.issued += 1
        issued = datetime.datetime.now(datetime.timezone.utc) + self.issued * SECOND
        if "--not-before" not in options:
            options = ("--not-before", rfc3339(NOW - HOUR), "--days", 400, *options)
        self.lab.vendor("issue", "--issuer", "issuer", "--request-key", request, "--id", name, "--customer", "Lab",
                        "--entry", entry, "--issued", rfc3339(issued), *options, "--output", f"{name}.license")
        return self.lab.vendor_dir / f"{name}.license"

    def package(self, name: str, *files) -> pathlib.Path:
        self.lab.vendor("package", *files, "--output", f"{name}.tar.gz")
        return self.lab.vendor_dir / f"{name}.tar.gz"

    def listed(self, node) -> dict:
        return {item["id"]: item for item in node.get("/v1/licenses")["licenses"]}

    def wait_listed(self, ids: set):
        for node in (self.a, self.b):
            self.wait(f"{node.name} lists the {len(ids)} licenses expected", lambda node=node: set(self.listed(node)) == ids)

    def refused(self, node, *arguments) -> str:
        """The code of a refusal, and that nothing changed."""
        before = set(self.listed(node))
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", node.socket, "--json", "license", *arguments],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(set(self.listed(node)), before)
        error = json.loads(done.stdout)["error"]
        self.assertTrue(error["message"] and error["cure"], error)
        return error["code"]

    def test_from_the_request_key_to_both_nodes(self):  # SPEC REQ-1, LIC-1, LIC-10, LIC-13
        self.pair()
        request = self.request_key(self.b)
        base = self.issue_file(request, "F-base", BASE_ENTRY)
        module = self.issue_file(request, "F-module", MODULE_ENTRY)
        package = self.package("both", module, base)
        text = self.a.cli("license", "install", package)
        self.assertIn("Installed license F-base for this deployment; it is in use now.", text)
        self.assertIn("2 documents installed (2 entries), 0 refused", text)
        self.assertIn("Node node-b has it.", text)
        self.wait_listed({"F-base", "F-module"})
        for node in (self.a, self.b):
            item = self.listed(node)["F-base"]
            self.assertEqual(item["environment"], {"fits": True, "misfit": ""})
            self.assertEqual((item["installed"]["method"], item["installed"]["node_name"]), ("file", "node-a"))
            # No key was ever there, and none is missing (SPEC SRV-5, POOL-1, ALERT-1).
            self.assertEqual(node.get("/health/ready")["ready"], True)
            status = node.status()
            self.assertEqual((status["state"], status["usable"], status["alerts"]), ("Missing", True, []))
            self.assertEqual([(p["object"], p["total"]) for p in status["pools"]], [("backup", 4), ("object-0", 10)])
            self.assertTrue(node.post("/v1/authorize", {"operation": "create", "object": "backup"})["allowed"])
        self.assertEqual(self.refused(self.b, "install", package), "already-imported")
        self.assertEqual(self.refused(self.b, "delete", "F-base"), "base-license")
        self.assertIn("Node node-a knows of it.", self.b.cli("license", "delete", "F-module"))
        self.wait_listed({"F-base"})
        for node in (self.a, self.b):
            self.assertEqual(node.post("/v1/authorize", {"operation": "create", "object": "backup"})["code"], "not-licensed")
        self.assertIn("deleted by", self.a.cli("record", "list", "--kind", "license-deleted"))
        for node in (self.a, self.b):
            node.restart()
        self.wait_listed({"F-base"})
        self.install(self.b, module)
        self.wait_listed({"F-base", "F-module"})
        self.a.cli("record", "verify")

    def test_beside_a_usb_key(self):  # SPEC LIC-1, LIC-2
        """The key's base carries a module from a file; what the key brings cannot be deleted."""
        self.pair()
        module = self.issue_file(self.request_key(self.a), "F-module", MODULE_ENTRY)
        self.assertEqual(self.refused(self.a, "install", module), "base-missing")
        self.lab.ctl("b", "plug", "red")
        self.wait("Ready", lambda: self.a.status()["state"] == "Ready")
        carried = self.license_of(self.a)
        self.install(self.a, module)
        self.wait_listed({carried, "F-module"})
        self.assertEqual(self.refused(self.b, "delete", carried), "bound-to-key")
        self.assertEqual(self.refused(self.b, "delete", "F-none"), "unknown-license")

    def test_refusals(self):  # SPEC LIC-5
        self.b.start()
        foreign = self.issue_file(self.request_key(self.b), "F-foreign", BASE_ENTRY)
        self.b.stop()
        self.a.start()
        request = self.request_key(self.a)
        first = self.issue_file(request, "F-first", BASE_ENTRY)
        second = self.issue_file(request, "F-second", BASE_ENTRY, "--supersedes", "F-first")
        module = self.issue_file(request, "F-module", MODULE_ENTRY)
        damaged = self.lab.dir / "damaged.tar.gz"
        damaged.write_bytes(self.package("whole", first, second).read_bytes()[:-40])
        over = ("--not-before", rfc3339(NOW - 72 * HOUR), "--days", 1)
        soon = ("--not-before", rfc3339(NOW + 48 * HOUR), "--days", 1)
        for code, file in {
            "wrong-environment": foreign,
            "base-missing": module,
            "invalid-format": damaged,
            "expired": self.issue_file(request, "F-over", BASE_ENTRY, *over),
            "not-yet-valid": self.issue_file(request, "F-soon", BASE_ENTRY, *soon),
            "unknown-object": self.issue_file(request, "F-strange", "teapot:cpu-socket:1"),
        }.items():
            self.assertEqual(self.refused(self.a, "install", file), code)
        self.install(self.a, second)
        self.assertEqual(self.refused(self.a, "install", first), "older-than-current")
        # The same license in another spelling: its signature holds, and it must not count twice.
        respelt = self.lab.dir / "respelt"
        respelt.write_text(json.dumps(json.loads(second.read_text()), indent=2))
        self.assertEqual(self.refused(self.a, "install", respelt), "already-imported")

    def test_what_is_good_in_a_package_is_taken(self):  # SPEC LIC-6
        self.a.start()
        request = self.request_key(self.a)
        base = self.issue_file(request, "F-base", BASE_ENTRY)
        strange = self.issue_file(request, "F-strange", "teapot:cpu-socket:1")
        both = self.lab.dir / "both"
        both.write_bytes(strange.read_bytes() + b"\n" + base.read_bytes())
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", self.a.socket, "license", "install", both],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stdout, r"Refused document 1 \(license F-strange\): .* \[unknown-object\]")
        self.assertIn("1 documents installed (1 entries), 1 refused (1 entries).", done.stdout)
        self.assertEqual(set(self.listed(self.a)), {"F-base"})

    def many(self, request: pathlib.Path, prefix: str, count: int) -> bytes:
        order = self.lab.dir / "order.toml"
        license_ = (f'[[license]]\nrequest-key = "{request}"\ndays = 400\nid = "{{id}}"\n'
                    '[[license.entry]]\nobject = "object-0"\nunit = "cpu-socket"\nquantity = 1\n')
        order.write_text('customer = "Lab"\n' + "".join(license_.format(id=f"{prefix}-{n}") for n in range(count)))
        self.lab.vendor("issue", "--issuer", "issuer", "--order", order, "--output", "many.tar.gz")
        return (self.lab.vendor_dir / "many.tar.gz").read_bytes()

    def test_killed_in_the_middle_of_a_package(self):  # SPEC LIC-7
        """All of a package or nothing of it, whole documents only, and what was acknowledged survives."""
        seed = int(os.environ.get("LATCHKEY_SEED", random.SystemRandom().randrange(1 << 32)))
        rounds, count = int(os.environ.get("LATCHKEY_ROUNDS", 8)), 120
        chance = random.Random(seed)
        print(f"LATCHKEY_SEED={seed} LATCHKEY_ROUNDS={rounds}", flush=True)
        self.pair()
        request = self.request_key(self.a)
        uploads = [self.many(request, f"K{number}", count) for number in range(rounds)]
        began = time.monotonic()
        self.a.post("/v1/licenses", self.many(request, "warm", count), timeout=60)
        usual = time.monotonic() - began
        expected = {f"warm-{n}" for n in range(count)}
        taken = 0
        for number, upload in enumerate(uploads):
            with self.subTest(number=number):
                wanted = {f"K{number}-{n}" for n in range(count)}
                acknowledged = self.killed_during(upload, usual * 1.2 * chance.random())
                found = {id_ for id_, item in self.listed(self.a).items() if len(item["entries"]) == 1} - expected
                self.assertIn(found, (set(), wanted))
                if acknowledged:
                    self.assertEqual(found, wanted, "an acknowledged package must survive")
                taken += found == wanted
                if not found:
                    self.a.post("/v1/licenses", upload, timeout=60)
                expected |= wanted
        self.wait_listed(expected)
        self.a.cli("record", "verify")
        self.b.cli("record", "verify")
        print(f"{rounds} interruptions, {taken} packages were taken all the same", flush=True)

    def killed_during(self, upload: bytes, after: float) -> bool:
        acknowledged = threading.Event()

        def post():
            with contextlib.suppress(OSError, http.client.HTTPException, labs.LabError):  # killed in the middle
                self.a.post("/v1/licenses", upload, timeout=60)
                acknowledged.set()

        thread = threading.Thread(target=post, daemon=True)
        thread.start()
        time.sleep(after)
        self.a.kill()
        thread.join()
        self.a.start()
        return acknowledged.is_set()


if __name__ == "__main__":
    unittest.main()
