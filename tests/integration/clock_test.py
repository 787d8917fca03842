#!/usr/bin/env python3
"""Real agents whose machine's clocks jump: SPEC TIME-1, TIME-2, TIME-3, KEY-6."""

import datetime
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY
PATIENCE = 73 * HOUR
SPOILT = HOUR + PATIENCE  # how long spoil() takes


def parse_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class ClockTest(unittest.TestCase):
    """A vendor, a key whose license runs for 400 days, and nodes whose clocks a test can move."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.red = self.lab.create_key("red", days=400)
        self.shifts = {}

    def agent(self, port: str, **options) -> labs.Agent:
        agent = labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0, rescan_s=1, **options)
        shift = agent.dir / "clock-shift"
        agent.environment = {"LD_PRELOAD": os.environ["LATCHKEY_CLOCK_SHIFT"], "CLOCK_SHIFT_FILE": str(shift)}
        self.shifts[agent.name] = shift
        self.shift(agent)
        return agent.start()

    def shift(self, agent, wall: int = 0, boot: int = 0):
        """Seconds that the agent's clocks are ahead, atomically."""
        fresh = agent.dir / "clock-shift.new"
        fresh.write_text(f"{wall} {boot}\n")
        fresh.rename(self.shifts[agent.name])

    def wait(self, what: str, agent, probe):
        def probed():
            status = agent.status()
            return status if probe(status) else None

        try:
            return labs.wait_for(what, probed)
        except labs.LabError as error:
            raise AssertionError(f"{error}\n{agent.status()}\n{agent.log.read_text()[-2000:]}") from error

    def wait_clock(self, agent, *codes: str) -> dict:
        return self.wait(f"{agent.name} says {codes}", agent,
                         lambda s: [a["code"] for a in s["clock"]["anomalies"]] == list(codes))

    def wait_ready(self, agent) -> dict:
        return self.wait(f"{agent.name} is Ready", agent, lambda s: s["state"] == "Ready" and not s["reading"])

    def records(self, agent) -> list:
        return [r for r in agent.get("/v1/records?limit=200")["records"] if not r["derived"]]

    def newest_fact(self, agent) -> datetime.datetime:
        return max(parse_time(r["fact"]["at"]) for r in self.records(agent))

    def spoil(self, agent):
        """A wrong year for so long that it is believed."""
        self.shift(agent, wall=2 * YEAR)
        self.wait("the jump is noticed", agent, lambda s: s["clock"]["state"] == "clock-ahead")
        self.shift(agent, wall=2 * YEAR + HOUR, boot=HOUR)
        self.wait_clock(agent, "clock-ahead")  # and what the peer said before is forgotten
        self.shift(agent, wall=2 * YEAR + HOUR + PATIENCE, boot=HOUR + PATIENCE)
        self.wait("the year is believed", agent, lambda s: s["clock"]["state"] == "ok" and not s["usable"])

    def test_a_wrong_year_burns_nothing(self):
        agent = self.agent("a", peer=False)
        self.lab.ctl("a", "plug", "red")
        until = self.wait_ready(agent)["license"]["entries_until"]
        self.shift(agent, wall=2 * YEAR)
        self.assertTrue(self.wait_clock(agent, "clock-ahead")["usable"])
        self.assertIn("clock-ahead", agent.cli("status"))
        agent.restart()
        self.wait_clock(agent, "clock-ahead")
        status = self.wait_ready(agent)
        self.assertTrue(status["usable"])
        self.assertEqual(status["license"]["entries_until"], until)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(self.newest_fact(agent), now + datetime.timedelta(days=1), "nothing is dated by the jump")
        self.shift(agent)
        self.wait_clock(agent)

    def test_a_clock_that_was_set_back_lengthens_nothing(self):
        agent = self.agent("a", peer=False)
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(agent)
        self.lab.ctl("a", "pull", "red")
        until = self.wait("the buffer runs", agent, lambda s: s["buffer"])["buffer"]["until"]
        self.shift(agent, wall=-100 * DAY)
        agent.restart()
        status = self.wait_clock(agent, "clock-behind")
        self.assertGreater(parse_time(status["time"]), datetime.datetime.now(datetime.timezone.utc)
                           - datetime.timedelta(hours=1))
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(agent)
        self.lab.ctl("a", "pull", "red")
        self.assertEqual(self.wait("it is inherited", agent, lambda s: s["buffer"])["buffer"]["until"], until)
        # 31 days of running time end it, whatever the wall clock says.
        self.shift(agent, wall=-100 * DAY, boot=31 * DAY)
        self.wait("the buffer is over", agent, lambda s: not s["usable"])

    def pair(self):
        a, b = self.agent("a"), self.agent("b")
        b.join(a.invite())
        for node in (a, b):
            self.wait(f"{node.name} is linked", node, lambda s: s["peer"] == "reachable")
        return a, b

    def test_a_node_in_a_wrong_year_is_told_by_the_other(self):
        a, b = self.pair()
        self.lab.ctl("b", "plug", "red")
        self.wait_ready(a)
        self.shift(b, wall=2 * YEAR)
        self.wait_clock(b, "clock-ahead", "clocks-differ")
        self.wait_clock(a, "clocks-differ")
        # Three days later: patience does not count against the clock of the other node.
        self.shift(a, wall=PATIENCE, boot=PATIENCE)
        self.shift(b, wall=2 * YEAR + PATIENCE, boot=PATIENCE)
        self.lab.ctl("b", "pull", "red")
        self.wait("the removal arrives", a, lambda s: s["buffer"])
        self.wait_clock(b, "clock-ahead", "clocks-differ")
        self.assertEqual(a.status()["buffer"], b.status()["buffer"])

    def correct(self, *agents):
        """To the time that it is after spoil()."""
        for agent in agents:
            self.shift(agent, wall=SPOILT, boot=SPOILT)

    def then(self, days: float = 0) -> str:
        """So many days before the time that it is after spoil()."""
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=SPOILT, days=-days)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def time_issuer(self) -> pathlib.Path:
        """The bundle that believes an issuing key of scope `time`."""
        self.lab.vendor("issuer", "create", "--name", "clock", "--scope", "time", "--output", "clock",
                        "--not-before", self.then(100), "--days", 3650)
        self.lab.vendor("trust", "sign", "--root", "root", "--previous", self.lab.bundle, "--issuer", "clock",
                        "--output", "bundle-2.json")
        return self.lab.vendor_dir / "bundle-2.json"

    def repair_for(self, agent, options: dict | None = None) -> pathlib.Path:
        told = {"--deployment": agent.status()["deployment"]["id"], "--time": self.then()} | (options or {})
        self.lab.vendor("time-repair", "--issuer", "clock", *(word for option in told.items() for word in option), "--output", "repair.json")
        return self.lab.vendor_dir / "repair.json"

    def assert_refused(self, code: str, agent, file):
        with self.assertRaises(labs.LabError) as refused:
            agent.cli("time", "repair", str(file))
        self.assertIn(f"[{code}]", str(refused.exception))

    def assert_right(self, *agents):
        """Nobody complains of a clock, and nothing is dated by the wrong one."""
        for agent in agents:
            self.wait_clock(agent)
            self.wait(f"{agent.name} is usable", agent, lambda s: s["usable"] and s["state"] == "Ready")
            agent.cli("record", "verify")
            self.assertLess(parse_time(agent.status()["time"]), parse_time(self.then(days=-0.01)))

    def test_a_spoiled_node_takes_nobody_along_and_is_repaired(self):
        a, b = self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(b)
        a.stop()
        self.spoil(b)
        a.start()
        self.wait_clock(a, "peer-clock-ahead", "clocks-differ")
        self.assertTrue(self.wait_ready(a)["usable"])
        b.cli("trust", "install", str(self.time_issuer()))
        file = self.repair_for(b)
        self.assert_refused("clock-not-corrected", b, file)
        self.correct(a, b)
        b.cli("time", "repair", str(file))
        for node in (a, b):
            self.wait(f"{node.name} is linked", node, lambda s: s["peer"] == "reachable")
        self.assert_right(a, b)
        self.assertIn("time-repaired", [r["fact"]["kind"] for r in self.records(a)])
        self.assert_refused("already-imported", b, file)
        b.restart()
        self.assert_right(b)

    def test_a_repair_reaches_a_node_that_is_as_wrong(self):
        a, b = self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(b)
        a.stop()
        self.spoil(b)
        b.stop()
        a.start()
        self.spoil(a)
        b.start()
        a.cli("trust", "install", str(self.time_issuer()))
        for node in (a, b):
            self.wait(f"{node.name} is linked", node, lambda s: s["peer"] == "reachable")
            labs.wait_for("the bundle is here", lambda node=node: node.get("/v1/trust")["version"] == 2)
        self.correct(a, b)
        a.cli("time", "repair", str(self.repair_for(a)))
        self.assert_right(a, b)

    def test_a_node_that_was_away_is_repaired_when_it_is_back(self):
        a, b = self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(b)
        b.stop()
        self.spoil(a)
        a.cli("trust", "install", str(self.time_issuer()))
        self.correct(a)
        a.cli("time", "repair", str(self.repair_for(a)))
        self.assert_right(a)
        a.stop()
        b.start()
        self.spoil(b)
        self.correct(b)
        a.start()
        self.assert_right(a, b)

    def test_a_repair_that_does_not_fit_is_refused(self):
        a = self.agent("a", peer=False)
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(a)
        a.cli("trust", "install", str(self.time_issuer()))
        self.assert_refused("not-needed", a, self.repair_for(a, {"--time": self.then(days=4)}))
        self.spoil(a)
        self.correct(a)
        self.assert_refused("wrong-environment", a, self.repair_for(a, {"--deployment": "f" * 64}))
        for days, code in ((20, "expired"), (5, "issued-before-jump"), (-2, "clock-not-corrected")):
            self.assert_refused(code, a, self.repair_for(a, {"--time": self.then(days)}))
        self.assertFalse(a.status()["usable"], "a refused repair changes nothing")

    def test_a_package_brings_trust_time_and_a_license(self):
        a = self.agent("a", peer=False)
        self.lab.ctl("a", "plug", "red")
        self.wait_ready(a)
        self.spoil(a)
        self.correct(a)
        self.time_issuer()
        self.lab.vendor("package", self.lab.issue("new", self.red, days=500), self.repair_for(a), "bundle-2.json",
                        "--output", "all.tar.gz")
        self.assertIn("time repair", a.cli("license", "install", str(self.lab.vendor_dir / "all.tar.gz")))
        self.assert_right(a)
        self.assertGreater(parse_time(a.status()["license"]["entries_until"]),
                           datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=450))


if __name__ == "__main__":
    unittest.main()
