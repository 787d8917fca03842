#!/usr/bin/env python3
"""DESIGN 3: a third party checks an envelope with the stock `openssl`, by the commands of docs/vendor.md, "Formats"."""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, Lab  # noqa: E402

ALGORITHMS = {"ed25519": "Ed25519", "ecdsa-p256": "P-256"}  # ours -> the document's
KEY_ID = "LK-8PPW8-BCSP8-9RKMP-Y6JK6-R"


def documented_commands(algorithm: str) -> str:
    """The first code block under "Formats", without the lines marked for another algorithm."""
    section = (ROOT / "docs/vendor.md").read_text().split("\n## Formats\n")[1].split("\n## ")[0]
    lines = [line.removeprefix("vendor$ ") for line in section.split("```console\n")[1].split("```")[0].splitlines()]
    others = tuple(f"# {name}" for name in ALGORITHMS.values() if name != algorithm)
    return "\n".join(line for line in lines if not line.endswith(others))


def flip(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1:]


class OpensslCheckTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.lab.create_vendor()

    def check(self, algorithm: str, envelope: dict, signer: str) -> subprocess.CompletedProcess:
        """Runs the documented commands on files named as in the document, where nothing else lies."""
        desk = self.lab.dir / "third-party"
        shutil.rmtree(desk, ignore_errors=True)
        desk.mkdir()
        (desk / "license.json").write_text(json.dumps(envelope))
        shutil.copy(self.lab.vendor_dir / signer, desk / "issuer.pub")
        return subprocess.run(["bash", "-euo", "pipefail", "-c", documented_commands(ALGORITHMS[algorithm])],
                              cwd=desk, capture_output=True, text=True, timeout=30)

    def assert_verified(self, *check):
        ran = self.check(*check)
        self.assertEqual((ran.returncode, ran.stdout.strip()), (0, "Signature Verified Successfully"), ran.stderr)

    def assert_refused(self, *check):
        ran = self.check(*check)
        self.assertNotEqual(ran.returncode, 0, ran.stdout)
        self.assertIn("Signature Verification Failure", ran.stdout + ran.stderr)

    def license(self, algorithm: str) -> tuple[dict, str]:
        """A license and its signer's public key."""
        self.lab.vendor("issuer", "create", "--name", algorithm, "--algorithm", algorithm, "--days", 30,
                        "--output", algorithm)
        text = self.lab.vendor("issue", "--issuer", algorithm, "--key-id", KEY_ID, "--entry", "kvm:cpu-socket:10",
                               "--customer", "Lab", "--days", 30)
        return json.loads(text), f"{algorithm}.pub"

    def test_a_license(self):
        for algorithm in ALGORITHMS:
            envelope, signer = self.license(algorithm)
            with self.subTest(algorithm):
                self.assert_verified(algorithm, envelope, signer)
                self.assert_refused(algorithm, envelope, self.stranger(algorithm))

    def stranger(self, algorithm: str) -> str:
        """The public key of somebody else."""
        self.lab.vendor("root", "create", "--algorithm", algorithm, "--output", f"stranger-{algorithm}")
        return f"stranger-{algorithm}.pub"

    def test_one_changed_byte(self):
        for algorithm in ALGORITHMS:
            envelope, signer = self.license(algorithm)
            payload = base64.b64decode(envelope["payload"])
            for position in (0, len(payload) // 2, len(payload) - 1):
                with self.subTest(algorithm, payload_byte=position):
                    changed = base64.b64encode(flip(payload, position)).decode()
                    self.assert_refused(algorithm, envelope | {"payload": changed}, signer)
            with self.subTest(algorithm, changed="type"):
                kind = envelope["payloadType"].replace("v1", "v2")
                self.assert_refused(algorithm, envelope | {"payloadType": kind}, signer)
            with self.subTest(algorithm, changed="signature"):
                # The last byte: earlier ones of a P-256 signature may be its DER frame.
                signature = base64.b64decode(envelope["signatures"][0]["sig"])
                changed = base64.b64encode(flip(signature, len(signature) - 1)).decode()
                self.assert_refused(algorithm, envelope | {"signatures": [{"sig": changed}]}, signer)

    def test_a_trust_bundle(self):
        self.assert_verified("ed25519", json.loads(self.lab.bundle.read_text()), "root.pub")


if __name__ == "__main__":
    unittest.main()
