#!/usr/bin/env python3
"""Two real agents tell the same of pools and alerts on every face: SPEC ALERT-1, ALERT-2, POOL-1, QUOTA-1, QUOTA-3."""

import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from license_lab import HOUR, NOW, LicenseTest  # noqa: E402

DAY = 24 * HOUR


def logged(node: labs.Agent) -> set[str]:
    """What stands, by what the log said since the agent's latest start."""
    standing: set[str] = set()
    text = node.log.read_text()
    for event, id_ in re.findall(r"event=(agent-stopping|alert-raised|alert-cleared)(?: id=(\S+))?", text):
        if event == "agent-stopping":
            standing.clear()
        elif event == "alert-raised":
            standing.add(id_)
        else:
            standing.remove(id_)
    return standing


def faces(node: labs.Agent) -> dict[str, set[str]]:
    """The ids of the alerts on each face of SPEC ALERT-2 that an agent has."""
    metrics = node.request_text("GET", "/metrics")
    return {
        "status": {a["id"] for a in node.status()["alerts"]},
        "api": {a["id"] for a in node.get("/v1/alerts")["alerts"]},
        "cli": {line.split()[1] for line in node.cli("alert").splitlines() if re.match(r"(info|warning|critical) ", line)},
        "log": logged(node),
        "metrics": set(re.findall(r'^latchkey_alert\{id="([^"]+)"', metrics, re.M)),
    }


class AlertTest(LicenseTest):
    def wait_alerts(self, *expected: str):
        """Every face of both nodes says the same, and both nodes say it in the same words."""
        for node in (self.a, self.b):
            self.wait(f"{node.name} tells {expected}",
                      lambda node=node: {a["id"] for a in node.status()["alerts"]} == set(expected))
            self.assertEqual(faces(node), {face: set(expected) for face in ("status", "api", "cli", "log", "metrics")})
        first, second = (n.get("/v1/alerts")["alerts"] for n in (self.a, self.b))
        self.assertEqual(first, second)
        for alert in first:
            self.assertTrue(alert["text"] and alert["cure"] and alert["since"], alert)

    def provision(self, key: str, file: pathlib.Path):
        device = ("--emulated", self.lab.port_socket("desk"), "--id", key)
        self.lab.ctl("desk", "plug", key)
        self.lab.vendor("provision", file, *device, "--root", "root.pub", "--bundle", self.lab.bundle)
        self.lab.ctl("desk", "pull", key)

    def test_the_five_faces_agree_on_both_nodes(self):
        self.provision("red", self.issue(self.red, "L-short", begin=NOW - DAY, days=11, entries=2))
        self.pair()
        self.wait_alerts("key-missing")
        self.lab.ctl("a", "plug", "red")
        self.wait_alerts("license-expiring:object-0", "license-expiring:object-1")
        pools = [n.get("/v1/pools") for n in (self.a, self.b)]
        self.assertEqual(pools[0]["pools"], pools[1]["pools"])
        self.assertEqual([(p["object"], p["total"]) for p in pools[0]["pools"]], [("object-0", 1), ("object-1", 2)])
        self.assertEqual(self.a.status()["pools"], pools[0]["pools"])
        self.lab.ctl("a", "pull", "red")
        self.wait_alerts("buffer-running", "key-missing", "license-expiring:object-0", "license-expiring:object-1")
        metrics = self.b.request_text("GET", "/metrics")
        left = int(re.search(r"^latchkey_buffer_remaining_seconds (\d+)$", metrics, re.M).group(1))
        self.assertGreater(left, 9 * 86400)  # it ends with its license, in ten days (SPEC BUF-6)
        self.assertIn('latchkey_pool_licensed{object="object-1",unit="cpu-socket"} 2', metrics)

    # SPEC QUOTA-3: nothing counts, and the agent starts all the same.
    def test_our_own_restart_is_never_refused(self):
        self.provision("red", self.issue(self.red, "L-over", begin=NOW - 72 * HOUR, days=1))
        self.lab.ctl("a", "plug", "red")
        self.a.start()
        for _ in range(2):
            self.wait("the expired license is read", lambda: self.a.status()["state"] == "Ready")
            self.assertFalse(self.a.status()["usable"])
            self.assertEqual(self.a.post("/v1/authorize", {"operation": "create"})["code"], "license-expired")
            for operation in ("view", "login", "reduce", "license"):  # SPEC QUOTA-4
                self.assertTrue(self.a.post("/v1/authorize", {"operation": operation})["allowed"])
            self.assertEqual(json.loads(self.a.cli("--json", "authorize", "view"))["code"], "allowed")
            self.assertIn("license-expired:object-0", faces(self.a)["cli"])
            self.a.restart()


if __name__ == "__main__":
    unittest.main()
