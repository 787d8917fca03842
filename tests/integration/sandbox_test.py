#!/usr/bin/env python3
"""What the agent's unit leaves open, as systemd counts it (SPEC SEC-1)."""

import pathlib
import re
import subprocess
import unittest

UNIT = pathlib.Path(__file__).resolve().parents[2] / "agent/systemd/latchkey-agent.service"
MOST = 1.6


class SandboxTest(unittest.TestCase):
    def test_exposure(self):  # SPEC SEC-1
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
                              capture_output=True, text=True, timeout=60)
        found = re.search(r"Overall exposure level for latchkey-agent.service: ([0-9.]+)", done.stdout)
        self.assertTrue(found, done)
        self.assertLessEqual(float(found.group(1)), MOST, done.stdout)

    def test_every_directive_is_known(self):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True, text=True, timeout=60)
        # The program is not installed where this is built.
        wrong = [line for line in done.stderr.splitlines() if UNIT.name in line and "not executable" not in line]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
