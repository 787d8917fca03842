#!/usr/bin/env python3
"""One node's database deleted, restored, damaged or edited: SPEC BUF-10, REC-2.

Every damage, with the peer up or away and the key in or out: the agent starts, the history comes back from the peer or
from the key's stamp, it is reported, and no buffer is longer than it was.
"""

import contextlib
import datetime
import hashlib
import json
import pathlib
import shutil
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

MONTH = datetime.timedelta(days=30)


def parse_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def canonical(fact: dict) -> str:
    return json.dumps(fact, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Damage:
    """What somebody does to the database of a node whose agent is stopped."""

    def __init__(self, database: pathlib.Path, backup: pathlib.Path):
        self.database, self.backup = database, backup

    def connect(self):
        return contextlib.closing(sqlite3.connect(self.database, isolation_level=None))

    def deleted(self):
        for file in self.database.parent.glob("latchkey.db*"):
            file.unlink()

    def restored(self):
        self.deleted()
        shutil.copy(self.backup, self.database)

    def bytes_lost(self):
        with self.connect() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.database, "r+b") as raw:
            raw.seek(4096)
            raw.write(b"\x5a" * 8192)

    def row_edited(self):
        """The removal is dated a day later."""
        with self.connect() as db:
            (text,) = db.execute("SELECT text FROM facts WHERE text LIKE '%\"key-gone\"%'").fetchone()
            fact = json.loads(text)
            fact["at"] = (parse_time(fact["at"]) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            db.execute("UPDATE facts SET text = ? WHERE text = ?", (canonical(fact), text))

    def rehashed(self):
        """The removal and what follows it in its chain is forgotten, and every hash is right."""
        with self.connect() as db:
            chain, seq = db.execute("SELECT chain, seq FROM facts WHERE text LIKE '%\"key-gone\"%'").fetchone()
            db.execute("DELETE FROM facts WHERE chain = ? AND seq >= ?", (chain, seq))
            texts = db.execute("SELECT text FROM facts WHERE chain = ? ORDER BY seq", (chain,)).fetchall()
            fact = json.loads(texts[-1][0])
            fact["at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            text = canonical(fact)
            db.execute("UPDATE facts SET text = ?, hash = ? WHERE chain = ? AND seq = ?",
                       (text, hashlib.sha256(text.encode()).hexdigest(), chain, seq - 1))


# What is done, what is reported in the end, and whether a node can see it without peer and key.
CASES = (
    ("deleted", "history-restored", True),
    ("restored", "history-restored", False),
    ("bytes_lost", "chain-broken", True),
    ("row_edited", "chain-broken", True),
    ("rehashed", "history-restored", False),
)


class DatabaseTest(unittest.TestCase):
    def prepare(self, key_in: bool):
        """Two nodes, the buffer of one removal, and the key in node a or out."""
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red")
        self.a, self.b = (labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0, rescan_s=1,
                                     hold_s=1).start() for port in "ab")
        self.b.join(self.a.invite())
        self.wait_linked()
        self.lab.ctl("a", "plug", "red")
        self.wait(self.a, "Ready")
        self.a.stop()
        self.damage = Damage(self.a.dir / "state/latchkey.db", self.lab.dir / "backup.db")
        shutil.copy(self.damage.database, self.damage.backup)
        self.a.start()
        self.wait(self.a, "Ready")
        self.wait_linked()
        self.lab.ctl("a", "pull", "red")
        self.until = parse_time(self.wait(self.a, "Missing")["buffer"]["until"])
        if key_in:
            self.lab.ctl("a", "plug", "red")
            self.wait(self.a, "Ready")
            labs.wait_for("the stamp is written", lambda: "stamp-written" in self.a.log.read_text())
        self.wait(self.b, "Ready" if key_in else "Missing")
        self.a.stop()

    def wait(self, agent, state: str) -> dict:
        def reached():
            status = agent.status()
            return status if status["state"] == state and not status["reading"] else None

        try:
            return labs.wait_for(f"{agent.name} says {state}", reached, 30)
        except labs.LabError as error:
            raise AssertionError(f"{error}\n{agent.status()}\n{agent.log.read_text()[-3000:]}") from error

    def wait_linked(self):
        labs.wait_for("both nodes are linked",
                      lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)), 30)

    def expect_no_longer(self, buffer, limit: datetime.datetime):
        if buffer:
            self.assertLessEqual(parse_time(buffer["until"]), limit)

    def codes(self, agent) -> list[str]:
        return [alert["id"].split(":")[0] for alert in agent.status()["alerts"]]

    def story(self, case: str, code: str, visible: bool, peer_up: bool, key_in: bool):
        self.prepare(key_in)
        if not peer_up:
            self.b.stop()
        getattr(self.damage, case)()
        self.a.start()
        known = peer_up or visible or key_in
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        limit = self.until if known else soon + MONTH
        if peer_up:
            self.wait_linked()
        if key_in:
            self.wait(self.a, "Ready")
            self.lab.ctl("a", "pull", "red")
        self.expect_no_longer(self.wait(self.a, "Missing")["buffer"], limit)
        if code == "chain-broken":
            self.assertIn(code, self.codes(self.a))
            self.assertIn(code, self.a.log.read_text())
        if not peer_up:
            self.b.start()
            self.wait_linked()
        labs.wait_for("it is reported", lambda: code in self.codes(self.a), 30)
        for node in (self.a, self.b):
            self.expect_no_longer(self.wait(node, "Missing")["buffer"], self.until)
            node.cli("record", "verify")
        labs.wait_for("both agree", lambda: self.a.status()["buffer"] == self.b.status()["buffer"], 30)

    def run_all(self, peer_up: bool, key_in: bool):
        for case, code, visible in CASES:
            with self.subTest(case=case):
                self.story(case, code, visible, peer_up, key_in)

    def test_peer_up_key_in(self):
        self.run_all(True, True)

    def test_peer_up_key_out(self):
        self.run_all(True, False)

    def test_peer_away_key_in(self):
        self.run_all(False, True)

    def test_peer_away_key_out(self):
        self.run_all(False, False)


if __name__ == "__main__":
    unittest.main()
