#!/usr/bin/env python3
"""kill -9 at random instants while keys are plugged and pulled (DESIGN 8.4; SPEC BUF-10, LIC-7, REC-2).

After each restart: everything the agent had acknowledged is still there, the hash chain verifies, the state is the
fold of the stored facts and of what is really plugged in, and no buffer was ever prolonged (BUF-3).
LATCHKEY_SEED replays a run, LATCHKEY_ROUNDS makes it longer.
"""

import datetime
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

KEYS = ("red", "green")
STATE_BY_COUNT = {0: "Missing", 1: "Ready", 2: "Fault"}  # SPEC KEY-1


class Acknowledged(threading.Thread):
    """Reads records until the agent dies: what it showed last was durable, so it must survive."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.agent, self.records = agent, {}

    def run(self):
        try:
            while True:
                for record in self.agent.get("/v1/records?limit=20")["records"]:
                    if not record["derived"]:
                        self.records[record["chain"], record["seq"]] = record["fact"]
        except (OSError, http.client.HTTPException):
            return  # killed


class CrashTest:
    def __init__(self, lab, seed: int):
        self.lab, self.random = lab, random.Random(seed)
        self.names = {lab.create_key(name): name for name in KEYS}
        self.agent = labs.Agent(lab, "node-a", lab.port_socket("a"), settle_s=0, peer=False).start()
        self.plugged: set = set()
        self.buffer_until: dict = {}

    def toggle(self, key: str):
        self.lab.ctl("a", "pull" if key in self.plugged else "plug", key)
        self.plugged ^= {key}

    def stir_and_kill(self) -> dict:
        """Plugs and pulls, and kills the agent somewhere in the middle of it; what it acknowledged until then."""
        witness = Acknowledged(self.agent)
        witness.start()
        killer = threading.Timer(self.random.uniform(0, 0.06), self.agent.kill)
        killer.start()
        for _ in range(self.random.randint(1, 4)):
            self.toggle(self.random.choice(KEYS))
            time.sleep(self.random.uniform(0, 0.02))
        killer.join()
        witness.join()
        return witness.records

    def expect_records(self, acknowledged: dict):
        records = self.agent.get("/v1/records?limit=200")["records"]
        kept = {(r["chain"], r["seq"]): r["fact"] for r in records if not r["derived"]}
        lost = [where for where, fact in acknowledged.items() if kept.get(where) != fact]
        if lost:
            raise labs.LabError(f"acknowledged facts are lost or changed: {lost}")
        self.agent.cli("record", "verify")

    def expect_state(self):
        wanted = STATE_BY_COUNT[len(self.plugged)]

        def settled():
            status = self.agent.status()
            return status if status["state"] == wanted and not status["reading"] else None

        status = labs.wait_for(f"{wanted} with {sorted(self.plugged)} plugged", settled)
        if wanted == "Ready" and {self.names[status["key"]]} != self.plugged:
            raise labs.LabError(f"{status['key']} is in use, but {self.plugged} is plugged")
        self.expect_buffer(status["buffer"])

    def expect_buffer(self, buffer):
        """The first removal starts 30 days, every later one within this test inherits its end (BUF-2, BUF-3)."""
        if not buffer:
            return
        first = self.buffer_until.setdefault(buffer["key"], buffer["until"])
        if buffer["until"] != first:
            raise labs.LabError(f"the buffer of {buffer['key']} moved from {first} to {buffer['until']}")

    def all_records(self) -> list:
        """Page by page: a fold of the newest thousand alone would forget the first removal."""
        records, before = [], []
        while True:
            page = json.loads(self.agent.cli("record", "list", "--limit", "1000", "--json", *before))
            records += page["records"]
            if not page["next"]:
                return records
            before = ["--before", str(page["next"])]

    def expect_fold(self):
        """The agent's answer is what `latchkey-play` folds from the exported records, in a process of its own."""
        status = self.agent.status()
        exported, story = self.lab.dir / "records.json", self.lab.dir / "story.jsonl"
        exported.write_text(json.dumps({"records": self.all_records()}))
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        story.write_text(json.dumps({"at": soon.strftime("%Y-%m-%dT%H:%M:%SZ"), "do": "ask"}) + "\n")
        folded = json.loads(self.lab.run("latchkey-play", "--settle", "0", "--facts", exported, story))
        buffer = status["buffer"] or {"until": None}
        said = {"state": status["state"], "reason": status["reason"], "key": status["key"],
                "usable": status["usable"], "buffer_until": buffer["until"]}
        if any((folded[name] or None) != (value or None) for name, value in said.items()):
            raise labs.LabError(f"the agent says {said}, the fold of its records {folded}")

    def run(self, rounds: int):
        for number in range(rounds):
            try:
                acknowledged = self.stir_and_kill()
                self.agent.start()
                self.expect_records(acknowledged)
                self.expect_state()
                if number % 20 == 19:
                    self.expect_fold()
            except labs.LabError as error:
                raise labs.LabError(f"round {number}: {error}\nstatus: {self.agent.status()}") from error


def main() -> int:
    seed = int(os.environ.get("LATCHKEY_SEED", random.SystemRandom().randrange(1 << 32)))
    rounds = int(os.environ.get("LATCHKEY_ROUNDS", 200))
    print(f"LATCHKEY_SEED={seed} LATCHKEY_ROUNDS={rounds}", flush=True)
    with labs.Lab() as lab:
        lab.create_vendor()
        lab.start_emulator(ports=("a",))
        test = CrashTest(lab, seed)
        test.run(rounds)
        facts = test.agent.get("/v1/records?limit=1")["records"][0]["position"]
    print(f"{rounds} kills survived, {facts} facts kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
