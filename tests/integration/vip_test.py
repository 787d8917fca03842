#!/usr/bin/env python3
"""keepalived moves the virtual address between two real agents, 50 times under load: SPEC SRV-4.

Each agent is on a machine of its own, a network namespace; the consumers are at the bridge between them. What was
acknowledged to each consumer is held against what the nodes say, after every move.
"""

import contextlib
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
import net_lab  # noqa: E402
from cards import Card  # noqa: E402
from lease_load import Load  # noqa: E402

TOTAL = 40
CONSUMERS = 12  # that would like to use a little more than there is
PORT = 8201
MOVES = 50
BOTH_S = 10
DEADLINE_S = 60


class Node:
    """A machine and its agent."""

    def __init__(self, lab: labs.Lab, name: str, number: int):
        self.machine = net_lab.Machine(lab, name, number)
        extra = f'[server]\nlisten = "0.0.0.0:{PORT}"\nvip = "{net_lab.VIP}"\n'
        self.agent = labs.Agent(lab, f"node-{name}", lab.port_socket(name), settle_s=0, hold_s=300,
                                address=f"10.78.0.{number}:8200", extra=extra)
        self.agent.prefix = self.machine.prefix

    def holder(self) -> dict:
        return self.agent.get("/v1/server/holder")

    def linked(self) -> bool:
        return self.agent.get("/v1/peer")["link"] == "up"

    def held(self) -> dict[str, int]:
        return {one["consumer"]: sum(item["quantity"] for item in one["usage"])
                for one in self.agent.get("/v1/consumers")["consumers"]}

    def used(self) -> set[int]:
        """According to the pools and to the status."""
        return {self.agent.get(path)["pools"][0]["used"] for path in ("/v1/pools", "/v1/status")}


class VipTest(unittest.TestCase):  # SPEC SRV-4
    def setUp(self):
        self.load: Load | None = None
        self.enterContext(net_lab.bridge())
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red", entry=f"kvm:cpu-socket:{TOTAL}")
        self.a, self.b = self.nodes = [Node(self.lab, name, number) for number, name in enumerate("ab", 1)]
        self.a.machine.join_to(self.b.machine)
        for node in self.nodes:
            node.agent.start()
        self.lab.ctl("a", "plug", "red")
        self.b.agent.join(self.a.agent.invite())
        self.wait("both may serve", lambda: all(n.linked() and n.agent.status()["usable"] for n in self.nodes))
        self.a.machine.prefer(True)
        for node in self.nodes:
            node.machine.start_keepalived()
        self.wait("the address is there", self.a.machine.has_address)
        card = Card.enrol(self.a.agent, PORT, "consumer", net_lab.VIP)
        self.load = self.enterContext(Load(card, CONSUMERS, TOTAL))

    def wait(self, what: str, probe):
        try:
            return labs.wait_for(what, probe, timeout=DEADLINE_S, pause=0.02)
        except labs.LabError as error:
            told = [node.holder() for node in self.nodes if node.agent.process.poll() is None]
            if self.load:
                told += [*self.load.waiting(), self.load.counts, *self.load.failures]
            raise AssertionError("\n".join(map(str, (error, *told)))) from error

    # --- ways to move the address from `old` to `new`; each mends what it broke when the address has moved

    def prefer(self, new: Node, old: Node):
        new.machine.prefer(True)
        old.machine.prefer(False)

    @contextlib.contextmanager
    def by_priority(self, new: Node, old: Node):
        self.prefer(new, old)
        yield

    @contextlib.contextmanager
    def by_stopping(self, new: Node, old: Node):
        old.machine.keepalived.terminate()
        yield
        self.prefer(new, old)
        old.machine.restart_keepalived()

    @contextlib.contextmanager
    def by_wire(self, new: Node, old: Node):
        old.machine.set_wire(False)
        yield
        self.prefer(new, old)
        old.machine.set_wire(True)

    @contextlib.contextmanager
    def with_the_link_cut(self, new: Node, old: Node):
        self.a.machine.set_peer_wire(False)
        self.prefer(new, old)
        yield
        self.a.machine.set_peer_wire(True)

    @contextlib.contextmanager
    def until_the_cut_is_noticed(self, new: Node, old: Node):
        with self.with_the_link_cut(new, old):
            yield
            self.wait("both know that the link is cut", lambda: not any(n.linked() for n in self.nodes))
            self.some_load()

    @contextlib.contextmanager
    def as_the_old_one_dies(self, new: Node, old: Node):
        old.agent.kill()
        self.prefer(new, old)
        yield
        old.agent.start()

    @contextlib.contextmanager
    def as_the_old_one_dies_behind_a_cut(self, new: Node, old: Node):
        with self.with_the_link_cut(new, old):
            old.agent.kill()
            yield
            old.agent.start()

    @contextlib.contextmanager
    def as_the_new_one_dies(self, new: Node, old: Node):
        self.prefer(new, old)
        yield
        new.agent.kill()  # in the hand-over, or just after
        new.agent.start()

    # --- what must be after each

    def some_load(self):
        """Whatever is answered: while nothing can be granted it is no acknowledgement."""
        before = self.load.counts.total()
        self.wait("requests go on", lambda: self.load.counts.total() > before + CONSUMERS)

    def some_grants(self):
        before = self.load.acknowledgements
        self.wait("usage is granted", lambda: self.load.acknowledgements > before + CONSUMERS)

    def settled(self, new: Node, old: Node) -> bool:
        mine = new.holder()
        return (mine["vip"]["here"] and mine["state"] == "this-node" and mine["recovering_s"] == 0
                and old.holder()["state"] == "other-node" and not old.holder()["vip"]["here"])

    def held_meanwhile(self, new: Node, old: Node) -> tuple | None:
        """What the holder says that consumers hold, if it was the holder before and after."""
        epoch = new.holder()["epoch"]
        held = new.held() if self.settled(new, old) else {}
        return (held,) if self.settled(new, old) and new.holder()["epoch"] == epoch else None

    def check(self, new: Node, old: Node):
        self.load.paused.set()
        self.wait("every consumer has its answer", self.load.all_idle)
        held, = self.wait(f"{new.agent.name} holds the leases", lambda: self.held_meanwhile(new, old))
        expected = self.load.expected()
        self.assertEqual(held, expected, "lost, or counted twice")
        total = sum(expected.values())
        self.assertLessEqual(total, TOTAL)
        self.wait(f"both show {total}", lambda: all(node.used() == {total} for node in self.nodes))
        self.assertEqual(self.load.failures, [])
        self.load.paused.clear()

    def move(self, way, new: Node, old: Node):
        epoch = new.holder()["epoch"]
        with way(new, old):
            self.wait("the address has moved", new.machine.has_address)
            self.some_load()
        self.check(new, old)
        self.assertGreater(new.holder()["epoch"], epoch)
        self.some_grants()

    def test_fifty_moves_under_load(self):
        # As many ways as are odd: each is gone in both directions.
        ways = (self.by_priority, self.by_stopping, self.by_wire, self.with_the_link_cut,
                self.by_priority, self.as_the_old_one_dies, self.by_wire, self.as_the_new_one_dies,
                self.by_priority, self.by_wire, self.until_the_cut_is_noticed, self.by_priority,
                self.as_the_old_one_dies_behind_a_cut)
        self.some_grants()
        new, old = self.b, self.a
        for number in range(MOVES):
            way = ways[number % len(ways)]
            begun = time.monotonic()
            with self.subTest(move=number, way=way.__name__, to=new.agent.name):
                self.move(way, new, old)
            print(f"{number:2} {way.__name__} to {new.agent.name}: {time.monotonic() - begun:.1f} s", flush=True)
            new, old = old, new
        print(dict(self.load.counts))

    def test_both_have_the_address(self):
        self.some_grants()
        self.a.machine.set_peer_wire(False)
        for node in self.nodes:
            node.machine.set_isolated(True)
        self.wait("both have it", lambda: all(node.machine.has_address() for node in self.nodes))
        until = time.monotonic() + BOTH_S
        for turn in range(BOTH_S):
            # Consumers come to the one, then to the other, as those of two switches might.
            net_lab.send_consumers_to(self.nodes[turn % 2].machine)
            self.some_load()
            time.sleep(max(0, until - time.monotonic()) / (BOTH_S - turn))
        net_lab.send_consumers_to(self.a.machine, always=False)
        for node in self.nodes:
            node.machine.set_isolated(False)
        self.a.machine.set_peer_wire(True)
        self.check(self.a, self.b)
        self.some_grants()
        self.move(self.by_priority, self.b, self.a)
        print(dict(self.load.counts))


if __name__ == "__main__":
    net_lab.alone()
    unittest.main(verbosity=2, failfast=True)
