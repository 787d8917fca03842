#!/usr/bin/env python3
"""Real agents as headquarters, site and sub-site: SPEC SRV-3."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

KVM = {"object": "kvm", "unit": "cpu-socket"}
GRACE_S = 12
NAMES = ("hq", "site", "sub", "left", "right")


class SiteTest(unittest.TestCase):
    """Three agents with a port of their own each; the key with 40 sockets is in the first."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=NAMES)
        self.lab.create_key("red", entry="kvm:cpu-socket:40")
        self.ports = {name: labs.free_tcp_port() for name in NAMES}
        self.hq, self.site, self.sub = (self.agent(name) for name in ("hq", "site", "sub"))
        self.hq.start()
        self.lab.ctl("hq", "plug", "red")
        labs.wait_for("headquarters is licensed", lambda: self.hq.status()["usable"])

    def agent(self, name: str, peer=False) -> labs.Agent:
        return labs.Agent(
            self.lab, name, self.lab.port_socket(name), settle_s=0, rescan_s=1, peer=peer,
            extra=f'[server]\nlisten = "127.0.0.1:{self.ports[name]}"\nsite_grace_s = {GRACE_S}\n'
                  "[leases]\nleast_ttl_s = 1\n[upstream]\nblock = 4\nlow_water = 1\nidle_s = 2\n")

    # --- what is done

    def connect(self, below, above, role="client-site"):
        token = above.cli("server", "token", "create", "--role", role, "--name", below.name).strip()
        below.cli("upstream", "connect", f"https://localhost:{self.ports[above.name]}", "--token", token)

    def use(self, node, consumer: str, quantity: int) -> int:
        """HTTP status."""
        connection = labs.UnixConnection(node.socket, 20)
        body = {"usage": [{**KVM, "quantity": quantity}], "ttl_s": 3600}
        try:
            connection.request("PUT", f"/v1/consumers/{consumer}/usage", json.dumps(body))
            answer = connection.getresponse()
            self.answer = json.loads(answer.read())
            return answer.status
        finally:
            connection.close()

    # --- what is seen

    def pool(self, node) -> dict:
        return next((pool for pool in node.get("/v1/pools")["pools"] if pool["object"] == "kvm"),
                    {"total": 0, "used": 0, "status": "none"})

    def held(self, node) -> int:
        return sum(pool["held"] for pool in node.get("/v1/upstream").get("pools", []))

    def state(self, node) -> str:
        return node.get("/v1/upstream")["state"]

    def alerts(self, node) -> list[str]:
        return [alert["id"] for alert in node.get("/v1/alerts")["alerts"]]

    def settled(self, node, used: int) -> bool:
        """Not more is drawn than what is used and the rest of a block, here and above."""
        return used <= self.held(node) <= used + 4

    # --- tests

    def test_blocks_come_and_go(self):
        self.site.start()
        self.assertEqual(self.state(self.site), "none")
        self.connect(self.site, self.hq)
        self.assertEqual(self.state(self.site), "connected")
        self.assertEqual(self.held(self.site), 0)
        self.assertTrue(self.site.status()["usable"], "there is something to draw from")
        # A consumer that comes first waits for the first block, and does not notice.
        self.assertEqual(self.use(self.site, "one", 3), 200, self.answer)
        self.assertEqual(self.held(self.site), 4)
        # Low water: the next block comes before it is asked for.
        self.assertEqual(self.use(self.site, "two", 1), 200)
        labs.wait_for("the next block", lambda: self.held(self.site) == 8)
        self.assertEqual(self.pool(self.hq)["used"], 8)
        # Beyond what headquarters has: refused with figures; what there is can be had.
        self.assertEqual(self.use(self.site, "three", 37), 409)
        self.assertEqual(self.answer["code"], "capacity-exhausted")
        self.assertEqual(self.use(self.site, "three", 36), 200, self.answer)
        self.assertEqual(self.pool(self.hq)["used"], 40)
        self.assertEqual(self.use(self.hq, "local", 1), 409)
        # What is idle goes back, and never what is used.
        self.assertEqual(self.use(self.site, "three", 0), 200)
        labs.wait_for("what is idle goes back", lambda: self.pool(self.hq)["used"] == 8)
        self.assertEqual(self.pool(self.site)["used"], 4)
        self.assertEqual(self.use(self.hq, "local", 32), 200)
        self.site.cli("upstream", "disconnect")
        labs.wait_for("all of it is back", lambda: self.pool(self.hq)["used"] == 32)
        kinds = {record["kind"] for record in self.site.get("/v1/records?limit=100")["records"]}
        self.assertLessEqual({"upstream-connected", "upstream-held", "upstream-disconnected"}, kinds)

    def test_a_lost_upstream(self):
        self.site.start()
        self.connect(self.site, self.hq)
        self.assertEqual(self.use(self.site, "one", 3), 200, self.answer)
        self.hq.kill()
        labs.wait_for("the loss is seen", lambda: self.state(self.site) == "unavailable")
        self.assertEqual(self.pool(self.site)["status"], "server-unavailable")
        self.assertIn("license-server-disconnected", self.alerts(self.site))
        # Within the grace: what is held serves, and survives a kill.
        self.site.kill()
        self.site.start()
        self.assertEqual(self.held(self.site), 4)
        self.assertEqual(self.use(self.site, "two", 1), 200, self.answer)
        self.assertEqual(self.use(self.site, "two", 2), 409, "there is nothing from thin air")
        # After it: nobody is evicted, and nobody gets more.
        labs.wait_for("the grace is over", lambda: self.state(self.site) == "lost", timeout=GRACE_S + 15)
        labs.wait_for("its end is published", lambda: self.pool(self.site)["total"] == 0)
        self.assertEqual(self.pool(self.site)["used"], 4)
        self.assertNotEqual(self.use(self.site, "three", 1), 200)
        self.assertEqual(self.use(self.site, "two", 0), 200, "less is always taken")
        # It recovers alone, and the figures agree.
        self.hq.start()
        labs.wait_for("it recovers", lambda: self.state(self.site) == "connected", timeout=40)
        labs.wait_for("the alert ends", lambda: "license-server-disconnected" not in self.alerts(self.site))
        self.assertEqual(self.use(self.site, "three", 2), 200, self.answer)
        labs.wait_for("both count the same", lambda: self.pool(self.hq)["used"] == self.held(self.site))

    def test_what_was_given_to_others_is_not_counted_twice(self):
        self.site.start()
        self.connect(self.site, self.hq)
        self.assertEqual(self.use(self.site, "one", 24), 200, self.answer)
        self.site.kill()
        labs.wait_for("headquarters frees what it reserved", lambda: self.pool(self.hq)["used"] == 0,
                      timeout=GRACE_S + 15)
        self.assertEqual(self.use(self.hq, "local", 30), 200)
        self.site.start()
        labs.wait_for("the site takes what is left", lambda: self.held(self.site) == 10, timeout=30)
        labs.wait_for("nobody is evicted", lambda: self.site.status()["over_quota"])
        labs.wait_for("headquarters reserves that", lambda: self.pool(self.hq)["used"] == 40)
        self.assertEqual(self.use(self.site, "one", 9), 200)
        labs.wait_for("less is used than held", lambda: not self.site.status()["over_quota"])

    def test_sites_of_sites(self):
        self.site.start()
        self.sub.start()
        self.connect(self.site, self.hq)
        self.connect(self.sub, self.site)
        self.assertEqual(self.use(self.sub, "one", 9), 200, self.answer)
        self.assertEqual(self.use(self.site, "two", 2), 200, self.answer)
        self.assertEqual(self.sub.get("/v1/upstream")["chain"], [self.hq.status()["deployment"]["id"]])
        labs.wait_for("each level covers the one below", lambda: self.settled(self.sub, 9)
                      and self.settled(self.site, self.held(self.sub) + 2))
        self.assertEqual(self.pool(self.hq)["used"], self.held(self.site))
        self.assertEqual(self.pool(self.site)["used"], self.held(self.sub) + 2)
        # A ring would make capacity of nothing.
        token = self.sub.cli("server", "token", "create", "--role", "client-site", "--name", "hq").strip()
        with self.assertRaisesRegex(labs.LabError, "site-loop"):
            self.hq.cli("upstream", "connect", f"https://localhost:{self.ports['sub']}", "--token", token)
        self.assertEqual(self.state(self.hq), "none")
        # All of it goes back, level by level.
        self.assertEqual(self.use(self.sub, "one", 0), 200)
        self.assertEqual(self.use(self.site, "two", 0), 200)
        labs.wait_for("nothing is held any more", lambda: self.pool(self.hq)["used"] == 0, timeout=30)

    def test_two_nodes_of_a_site_draw_as_one(self):
        left, right = (self.agent(name, peer=True).start() for name in ("left", "right"))
        right.join(left.invite())
        labs.wait_for("they are a pair", lambda: right.status()["peer"] == left.status()["peer"] == "reachable")
        self.connect(left, self.hq)
        labs.wait_for("both know it", lambda: self.state(right) == "connected")
        self.assertEqual(self.use(right, "one", 6), 200, self.answer)
        labs.wait_for("both show what is held", lambda: self.held(left) == self.held(right) == 8)
        self.assertEqual([node.get("/v1/upstream")["draws_here"] for node in (left, right)], [False, True])
        # The leases move, and the drawing with them; nothing goes back on the way.
        left.cli("server", "take-over")
        labs.wait_for("the drawing has moved", lambda: left.get("/v1/upstream")["draws_here"])
        self.assertFalse(right.get("/v1/upstream")["draws_here"])
        labs.wait_for("the leases have moved", lambda: self.use(left, "one", 6) == 200)
        self.assertEqual(self.use(left, "two", 9), 200, self.answer)
        self.assertEqual(self.use(right, "three", 1), 421)
        labs.wait_for("one site is counted once", lambda: self.settled(left, 15)
                      and self.pool(self.hq)["used"] == self.held(left) == self.held(right))
        # The node that drew dies: the other one keeps what both know.
        left.kill()
        labs.wait_for("the death is seen", lambda: right.get("/v1/peer")["link"] != "up")
        right.cli("server", "take-over", "--force")
        labs.wait_for("it draws", lambda: right.get("/v1/upstream")["draws_here"])
        self.assertGreaterEqual(self.held(right), 15, "it is recovering: those leases may come back")
        self.assertEqual(self.pool(self.hq)["used"], self.held(right))

    def test_who_may_not_draw(self):
        self.site.start()
        with self.assertRaisesRegex(labs.LabError, "wrong-role"):
            self.connect(self.site, self.hq, role="consumer")
        token = self.hq.cli("server", "token", "create", "--role", "client-site", "--name", "x").strip()
        with self.assertRaisesRegex(labs.LabError, "server-untrusted"):
            self.site.cli("upstream", "connect", f"https://localhost:{self.ports['site']}", "--token", token)
        self.assertEqual(self.state(self.site), "none")


if __name__ == "__main__":
    unittest.main(verbosity=2)
