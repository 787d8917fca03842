#!/usr/bin/env python3
"""The records of two agents: what they tell, how they are searched and exported, and that no byte of them can be changed
unnoticed. SPEC REC-1, REC-2."""

import csv
import io
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from license_lab import LicenseTest  # noqa: E402


class RecordsTest(LicenseTest):
    def kinds(self, node, *arguments) -> list[str]:
        return [record["kind"] for record in json.loads(node.cli("--json", "record", "list", *arguments))["records"]]

    def live(self):
        """A key is plugged, replaced by its buffer, and something is refused."""
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait("Ready", lambda: self.b.status()["state"] == "Ready")
        self.lab.ctl("a", "pull", "red")
        self.wait("both miss it", lambda: {n.status()["state"] for n in (self.a, self.b)} == {"Missing"})
        garbage = self.lab.dir / "garbage"
        garbage.write_bytes(b"=HYPERLINK(\"evil\")")
        subprocess.run([self.lab.bin / "latchkey", "--socket", self.b.socket, "trust", "install", garbage],
                       capture_output=True, timeout=30)
        for node in (self.a, self.b):
            self.wait("the refusal reached both", lambda node=node: "import-refused" in self.kinds(node))

    def test_what_happened_can_be_found(self):  # SPEC REC-1, REC-2
        self.live()
        for node in (self.a, self.b):
            with self.subTest(node=node.name):
                kinds = self.kinds(node)
                for kind in ("node-started", "node-joined", "key-read", "key-gone", "state-changed", "buffer-started"):
                    self.assertIn(kind, kinds)
                [refused] = json.loads(node.cli("--json", "record", "list", "--result", "refused"))["records"]
                self.assertEqual((refused["node_name"], refused["from"]), ("node-b", "file"))
                self.assertEqual(self.kinds(node, "--who", refused["by"], "--kind", "import-refused"), ["import-refused"])
                self.assertEqual(self.kinds(node, "--text", self.red.lower(), "--kind", "buffer-started"), ["buffer-started"])
                self.assertEqual(self.kinds(node, "--until", "2000-01-01"), [])
                self.assertEqual(len(self.kinds(node, "--since", "2000-01-01")), len(kinds))
                self.assertEqual(self.kinds(node, "--kind", "key-read", "--since", refused["at"]), [])

    def test_the_export_is_the_list(self):  # SPEC REC-2
        self.live()
        listed = json.loads(self.a.cli("--json", "record", "list", "--limit", "1000"))["records"]
        self.assertEqual(json.loads(self.a.cli("record", "export", "--format", "json")), listed)
        exported = self.lab.dir / "records.json"
        exported.write_text(self.a.cli("record", "export", "--format", "json"))
        self.assertIn('"state":"Missing"', self.lab.run("latchkey-play", "--facts", exported))
        rows = list(csv.DictReader(io.StringIO(self.a.cli("record", "export"))))
        self.assertEqual([(row["position"], row["kind"], row["text"]) for row in rows],
                         [(str(record["position"]), record["kind"], record["text"]) for record in listed])
        rows = list(csv.DictReader(io.StringIO(self.a.cli("record", "export", "--kind", "key-gone"))))
        self.assertEqual({row["kind"] for row in rows}, {"key-gone"})

    def change_one_byte(self, node, where: bytes, changed: bytes) -> int:
        """In the files as they lie there, under the running agent; how often it was found."""
        found = 0
        for file in (node.dir / "state").glob("latchkey.db*"):
            content = file.read_bytes()
            at = content.find(where)
            while at >= 0:
                with file.open("r+b") as raw:
                    raw.seek(at)
                    raw.write(changed)
                found += 1
                at = content.find(where, at + 1)
        return found

    def test_one_changed_byte_is_found(self):  # SPEC REC-2, BUF-10
        self.live()
        for node in (self.a, self.b):
            self.assertIn("node-a", node.cli("record", "verify"))
        [gone] = json.loads(self.b.cli("--json", "record", "list", "--kind", "key-gone"))["records"]
        self.assertGreater(self.change_one_byte(self.b, b'"kind":"key-gone"', b'"kind":"key-gonf"'), 0)
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", self.b.socket, "--json", "record", "verify"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "chain-broken")
        self.assertIn(f"Chain {gone['chain']}, which node-a writes, breaks at fact {gone['seq']}", error["message"])
        self.a.cli("record", "verify")
        # SQLite drops what its write-ahead log cannot vouch for; the other node brings it back.
        self.b.kill()
        self.b.start()
        self.wait("the peer healed it", lambda: self.heads(self.b) == self.heads(self.a))
        self.assertIn("key-gone", self.kinds(self.b))

    def heads(self, node) -> dict:
        """How far a node knows each chain; nothing while it is broken."""
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", node.socket, "--json", "record", "verify"],
                              capture_output=True, text=True, timeout=30)
        return {chain["chain"]: chain["facts"] for chain in json.loads(done.stdout).get("chains", [])} or {node.name: 0}


if __name__ == "__main__":
    unittest.main()
