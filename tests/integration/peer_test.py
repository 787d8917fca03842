#!/usr/bin/env python3
"""Two real agents, paired by the command line, with emulated keys: SPEC KEY-6, KEY-7, KEY-12, BUF-5, BUF-10."""

import datetime
import pathlib
import re
import shutil
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from tcp_proxy import TcpProxy  # noqa: E402

# Members of a status that both nodes must agree on (SPEC KEY-6).
SHARED = ("state", "reason", "key", "usable", "license", "buffer")


def parse_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def length(buffer: dict) -> datetime.timedelta:
    return parse_time(buffer["until"]) - parse_time(buffer["since"])


def database(agent: labs.Agent) -> list[pathlib.Path]:
    return sorted((agent.dir / "state").glob("latchkey.db*"))


class PeerTest(unittest.TestCase):
    """Starts a vendor, one key and two agents; each test pairs them as it needs."""

    hold_s = 30

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.red = self.lab.create_key("red")
        self.a = self.agent("a")
        self.b = self.agent("b")

    def agent(self, port: str, **options) -> labs.Agent:
        options = {"settle_s": 0, "hold_s": self.hold_s} | options
        return labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), **options)

    def pair(self):
        self.a.start()
        self.b.start()
        self.b.join(self.a.invite())
        self.wait_linked()

    def wait_linked(self):
        labs.wait_for("both nodes are linked",
                      lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)))

    def wait_both(self, state: str) -> dict:
        """Both say `state`, and the same in everything that both must know; what they say."""

        def agreed():
            first, second = ({name: n.status()[name] for name in SHARED} for n in (self.a, self.b))
            return first if first["state"] == state and first == second else None

        try:
            return labs.wait_for(f"both nodes agree on {state}", agreed)
        except labs.LabError as error:
            raise AssertionError(f"{error}\na: {self.a.status()}\nb: {self.b.status()}") from error

    def wait_one(self, node: labs.Agent, state: str) -> dict:
        def reached():
            status = node.status()
            return status if status["state"] == state else None

        try:
            return labs.wait_for(f"{node.name} says {state}", reached)
        except labs.LabError as error:
            raise AssertionError(f"{error}\n{node.status()}") from error

    def records(self, node: labs.Agent) -> dict:
        """All facts that a node knows, by chain and number."""
        records = node.get("/v1/records?limit=1000")["records"]
        return {(r["chain"], r["seq"]): r["fact"] for r in records if not r["derived"]}

    def expect_warning(self, node: labs.Agent, code: str):
        labs.wait_for(f"{node.name} warns of {code}",
                      lambda: any(a["id"].startswith(code + ":") for a in node.status()["alerts"]))


class Pairing(PeerTest):
    def test_two_commands_make_one_deployment(self):
        self.pair()
        first, second = self.a.status()["deployment"], self.b.status()["deployment"]
        self.assertEqual(first["id"], second["id"])
        self.assertEqual({n["id"] for n in first["nodes"]}, {n["id"] for n in second["nodes"]})
        self.assertEqual({n["name"] for n in first["nodes"]}, {"node-a", "node-b"})
        self.assertEqual((self.a.dir / "state/identity/peer.json").stat().st_mode & 0o777, 0o600)

    def test_refusals_reach_the_command_line_with_code_and_cure(self):
        self.pair()
        token = self.a.invite()
        for node, text, code in ((self.b, token, "already-paired"), (self.a, token, "own-invitation"),
                                 (self.a, "nonsense", "token-invalid")):
            with self.assertRaisesRegex(labs.LabError, re.escape(code)):
                node.join(text)

    def test_the_pairing_survives_restarts(self):
        self.pair()
        self.a.kill()
        self.b.restart()
        self.a.start()
        self.wait_linked()


class Replication(PeerTest):
    def test_one_key_licenses_both_nodes(self):  # SPEC KEY-6
        self.pair()
        for port in ("a", "b"):
            self.lab.ctl(port, "plug", "red")
            self.assertEqual(self.wait_both("Ready")["key"], self.red)
            self.lab.ctl(port, "pull", "red")
            self.assertTrue(self.wait_both("Missing")["usable"])

    def test_a_second_node_needs_no_new_license(self):  # SPEC KEY-8
        self.a.start()
        self.lab.ctl("a", "plug", "red")
        alone = self.wait_one(self.a, "Ready")
        self.b.start()
        self.b.join(self.a.invite())
        self.wait_linked()
        together = self.wait_both("Ready")
        self.assertEqual({name: alone[name] for name in SHARED}, together)
        self.assertNotIn("key-gone", [fact["kind"] for fact in self.records(self.b).values()])

    def test_a_key_moves_from_a_failed_node_to_the_healthy_one(self):  # SPEC KEY-7
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        self.b.kill()
        self.lab.ctl("b", "pull", "red")
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("the move is noticed",
                      lambda: any(k["node"] == self.a.status()["node"]["id"] for k in self.a.status()["keys"]))
        self.assertEqual(self.wait_one(self.a, "Ready")["key"], self.red)
        self.b.start()
        self.wait_linked()
        self.assertEqual(self.wait_both("Ready")["key"], self.red)

    def test_both_nodes_know_the_removals_of_a_key(self):  # SPEC BUF-5, BUF-3
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_both("Ready")
        self.lab.ctl("a", "pull", "red")
        first = self.wait_both("Missing")["buffer"]
        self.assertEqual(length(first), datetime.timedelta(days=30))
        self.a.kill()
        self.lab.ctl("b", "plug", "red")
        self.wait_one(self.b, "Ready")
        self.lab.ctl("b", "pull", "red")
        second = self.wait_one(self.b, "Missing")["buffer"]
        self.assertEqual(second["until"], first["until"])
        self.assertGreater(second["since"], first["since"])
        self.a.start()
        self.wait_linked()
        self.assertEqual(self.wait_both("Missing")["buffer"], second)


class Cut(PeerTest):
    """All traffic goes through one proxy: node-b listens nowhere and dials node-a by way of it."""

    hold_s = 1

    def setUp(self):
        super().setUp()
        config = self.a.config.read_text()
        listen = re.search(r'listen = "(.*):(\d+)"', config)
        self.proxy = TcpProxy((listen[1], int(listen[2])))
        self.addCleanup(self.proxy.close)
        self.a.config.write_text(re.sub('advertise = ".*"', f'advertise = "{self.proxy.address}"', config))
        shutil.rmtree(self.b.dir)
        self.b = self.agent("b", peer=False)

    def test_a_network_failure_consumes_no_buffer(self):  # SPEC KEY-12
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        for _ in range(2):
            self.proxy.cut()
            alone = self.wait_one(self.a, "Missing")
            self.assertEqual(alone["peer"], "unreachable")
            self.assertTrue(alone["usable"])
            there = self.b.status()
            self.assertEqual(there["state"], "Ready", there)
            self.proxy.heal()
            self.wait_linked()
            self.assertIsNone(self.wait_both("Ready")["buffer"])
        pulled = datetime.datetime.now(datetime.timezone.utc)
        self.lab.ctl("b", "pull", "red")
        buffer = self.wait_both("Missing")["buffer"]
        self.assertGreaterEqual(parse_time(buffer["since"]) + datetime.timedelta(seconds=1), pulled)
        self.assertEqual(length(buffer), datetime.timedelta(days=30), "this is the first removal")

    def test_a_node_that_hangs_for_a_while_consumes_no_buffer(self):  # SPEC KEY-12
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        self.b.process.send_signal(signal.SIGSTOP)
        self.assertEqual(self.wait_one(self.a, "Missing")["peer"], "unreachable")
        self.b.process.send_signal(signal.SIGCONT)
        self.wait_linked()
        self.assertIsNone(self.wait_both("Ready")["buffer"])

    def test_a_key_pulled_during_the_cut_is_known_to_both_afterwards(self):  # SPEC KEY-12, BUF-5
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        self.proxy.cut()
        self.wait_one(self.a, "Missing")
        self.lab.ctl("b", "pull", "red")
        removed = self.wait_one(self.b, "Missing")["buffer"]
        self.proxy.heal()
        self.wait_linked()
        self.assertEqual(self.wait_both("Missing")["buffer"], removed)


class LostDatabases(PeerTest):  # SPEC BUF-10
    def remove_once(self) -> dict:
        """Plugs and pulls; the buffer that both nodes then know."""
        self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        self.lab.ctl("b", "pull", "red")
        return self.wait_both("Missing")["buffer"]

    def test_the_peer_brings_a_deleted_database_back(self):
        buffer = self.remove_once()
        known = self.records(self.b)
        self.b.stop()
        for file in database(self.b):
            file.unlink()
        self.b.start()
        self.wait_linked()
        self.assertEqual(self.wait_both("Missing")["buffer"], buffer)
        self.assertLessEqual(known.items(), self.records(self.b).items())
        self.expect_warning(self.b, "history-restored")
        self.b.cli("record", "verify")

    def test_an_old_copy_is_detected_and_repaired(self):
        self.pair()
        self.b.stop()
        backup = self.lab.dir / "backup"
        backup.mkdir()
        for file in database(self.b):
            shutil.copy(file, backup)
        self.b.start()
        self.wait_linked()
        self.lab.ctl("b", "plug", "red")
        self.wait_both("Ready")
        self.lab.ctl("b", "pull", "red")
        buffer = self.wait_both("Missing")["buffer"]
        known = self.records(self.a)
        self.b.stop()
        for file in database(self.b):
            file.unlink()
        for file in backup.iterdir():
            shutil.copy(file, self.b.dir / "state")
        self.b.start()
        self.wait_linked()
        self.assertEqual(self.wait_both("Missing")["buffer"], buffer)
        self.assertLessEqual(known.items(), self.records(self.b).items())
        for node in (self.a, self.b):
            self.expect_warning(node, "history-restored")
            node.cli("record", "verify")

    def test_the_key_brings_the_history_back_when_both_databases_are_gone(self):
        buffer = self.remove_once()
        self.lab.ctl("a", "plug", "red")
        self.wait_both("Ready")
        labs.wait_for("the key carries its history",
                      lambda: self.lab.ctl("a", "list")["keys"][0]["stamp_length"] > 0)
        for node in (self.a, self.b):
            node.stop()
            for file in database(node):
                file.unlink()
        for node in (self.a, self.b):
            node.start()
        self.wait_linked()
        self.wait_both("Ready")
        self.lab.ctl("a", "pull", "red")
        again = self.wait_both("Missing")["buffer"]
        self.assertEqual(again["until"], buffer["until"])
        self.assertGreater(again["since"], buffer["since"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
