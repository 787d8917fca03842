#!/usr/bin/env python3
"""Two real agents and the leases of their deployment, which one of them keeps: SPEC SRV-4."""

import contextlib
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

TOTAL = 20


class Answer(dict):
    """Body of an answer, with its status and headers."""

    status: int
    headers: dict


def call(agent: labs.Agent, method: str, path: str, body: dict | None = None) -> Answer:
    with contextlib.closing(labs.UnixConnection(agent.socket)) as connection:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        answer = Answer(json.loads(reply.read()))
        answer.status, answer.headers = reply.status, dict(reply.getheaders())
        return answer


def put(agent: labs.Agent, consumer: str, quantity: int, **more) -> Answer:
    usage = [{"object": "kvm", "unit": "cpu-socket", "quantity": quantity}]
    return call(agent, "PUT", f"/v1/consumers/{consumer}/usage", {"usage": usage, **more})


def beat(agent: labs.Agent, consumer: str, **body) -> Answer:
    return call(agent, "POST", f"/v1/consumers/{consumer}/heartbeat", body)


def used(agent: labs.Agent) -> int:
    pools = agent.get("/v1/pools")["pools"]
    return next(p["used"] for p in pools if (p["object"], p["unit"]) == ("kvm", "cpu-socket"))


def holder(agent: labs.Agent) -> dict:
    return agent.get("/v1/server/holder")


class Failover(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red", entry=f"kvm:cpu-socket:{TOTAL}")
        self.a, self.b = (labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0,
                                     extra="[leases]\nleast_ttl_s = 1\n").start() for port in "ab")
        self.lab.ctl("a", "plug", "red")
        self.b.join(self.a.invite())
        labs.wait_for("both may serve", lambda: all(
            n.status()["peer"] == "reachable" and n.status()["usable"] for n in (self.a, self.b)))

    def test_an_administrator_moves_the_leases(self):
        granted = {f"vm-{i}": put(self.a, f"vm-{i}", 2) for i in range(8)}
        self.assertEqual({answer["epoch"] for answer in granted.values()}, {1})
        refused = put(self.b, "vm-1", 2)
        self.assertEqual((refused.status, refused["code"], refused["holder"]["name"]), (421, "not-holder", "node-a"))
        labs.wait_for("both show the same figures", lambda: used(self.a) == used(self.b) == 16)
        labs.wait_for("also in the status", lambda: self.b.status()["pools"][0]["used"] == 16)

        self.assertIn("kept by this node, epoch 2", self.b.cli("server", "take-over"))
        labs.wait_for("nothing is left to wait for", lambda: holder(self.b)["recovering_s"] == 0)
        for consumer in granted:
            self.assertEqual(beat(self.b, consumer).status, 200, consumer)
            self.assertEqual(beat(self.a, consumer).status, 421, consumer)
        self.assertEqual(used(self.b), 16)
        self.assertEqual(put(self.b, "vm-9", 5)["code"], "capacity-exhausted")
        more = put(self.b, "vm-9", 4)
        self.assertEqual((more["epoch"], more["pools"][0]["used"]), (2, TOTAL))
        labs.wait_for("the old holder forgot them", lambda: used(self.a) == TOTAL)
        # The other way, over a restart of either.
        self.a.cli("server", "take-over")
        labs.wait_for("they are back", lambda: holder(self.a)["recovering_s"] == 0)
        self.a.kill()
        self.a.start()
        labs.wait_for("it holds them again", lambda: holder(self.a)["recovering_s"] == 0 and used(self.a) == TOTAL)
        self.b.restart()
        for consumer in (*granted, "vm-9"):
            self.assertEqual(beat(self.a, consumer).status, 200, consumer)
        for node in (self.a, self.b):
            taken = node.get("/v1/records?kind=leases-taken")["records"]
            self.assertEqual([(r["fact"]["epoch"], r["fact"]["cause"]) for r in reversed(taken)],
                             [(1, "first"), (2, "administrator"), (3, "administrator")])

    def test_tokens_bring_back_what_a_dead_node_granted(self):
        granted = {f"vm-{i}": put(self.a, f"vm-{i}", 4, ttl_s=4) for i in range(5)}
        labs.wait_for("the other node knows the figures", lambda: used(self.b) == TOTAL)
        self.a.kill()
        labs.wait_for("the link is down", lambda: self.b.get("/v1/peer")["link"] != "up")
        self.assertEqual(call(self.b, "POST", "/v1/server/take-over")["code"], "holder-unreachable")
        self.assertEqual(call(self.b, "POST", "/v1/server/take-over", {"force": True})["state"], "this-node")
        late = put(self.b, "vm-new", 1)
        self.assertEqual((late.status, late["code"]), (503, "recovering"))
        self.assertGreater(int(late.headers["Retry-After"]), 0)
        self.assertEqual(put(self.b, "vm-0", 5, ttl_s=4, token=granted["vm-0"]["token"]).status, 503, "no more than before")
        for consumer, lease in list(granted.items())[:3]:
            self.assertEqual(put(self.b, consumer, 4, ttl_s=4, token=lease["token"]).status, 200)
        self.assertEqual(beat(self.b, "vm-3", token=granted["vm-3"]["token"]).status, 200)
        self.assertEqual(used(self.b), 16)
        self.assertEqual(call(self.b, "DELETE", "/v1/consumers/vm-3").status, 200)
        # What the dead node still knows when it returns counts no twice, and no more.
        self.a.start()
        labs.wait_for("it learns and forgets", lambda: holder(self.a)["state"] == "other-node")
        labs.wait_for("who stays silent is counted no more", lambda: used(self.b) == 0, timeout=30)
        self.assertEqual(put(self.b, "vm-new", TOTAL).status, 200)
        labs.wait_for("both agree", lambda: used(self.a) == used(self.b) == TOTAL)


if __name__ == "__main__":
    unittest.main()
