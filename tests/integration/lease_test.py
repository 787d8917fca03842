#!/usr/bin/env python3
"""Consumers and what they hold, with a real agent: SPEC POOL-3 to POOL-8, QUOTA-2.

LATCHKEY_SEED replays the crashes, LATCHKEY_ROUNDS makes them more.
"""

import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import resource
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

CPUS = 1_000_000


class Refused(Exception):
    def __init__(self, status: int, body: dict):
        super().__init__(f"{status} {body}")
        self.status, self.body, self.code = status, body, body["code"]


class LeaseTest(unittest.TestCase):
    cpus = CPUS

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a",))
        self.lab.create_key("red", entry=f"kvm:cpu-socket:{self.cpus}")
        self.agent = labs.Agent(self.lab, "node-a", self.lab.port_socket("a"), settle_s=0, peer=False,
                                extra="[leases]\nleast_ttl_s = 1\n")
        self.agent.environment = self.environment()
        self.agent.start()
        self.lab.ctl("a", "plug", "red")
        self.wait_usable()

    def environment(self) -> dict[str, str]:
        return {}

    def wait_usable(self):
        labs.wait_for("a license counts", lambda: self.agent.status()["usable"])

    def call(self, method: str, path: str, body: dict | None = None, connection=None) -> dict:
        if connection is None:
            with contextlib.closing(labs.UnixConnection(self.agent.socket)) as own:
                return self.call(method, path, body, own)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        value = json.loads(answer.read())
        if answer.status >= 300:
            raise Refused(answer.status, value)
        return value

    def put(self, consumer: str, cpus: int, connection=None, **more) -> dict:
        usage = [{"object": "kvm", "unit": "cpu-socket", "quantity": cpus}] if cpus else []
        return self.call("PUT", f"/v1/consumers/{consumer}/usage", {"usage": usage, **more}, connection)

    def refusal(self, act) -> Refused:
        with self.assertRaises(Refused) as caught:
            act()
        self.assertTrue(caught.exception.body["cure"])
        return caught.exception

    def pool(self) -> dict:
        return next(p for p in self.agent.get("/v1/pools")["pools"] if (p["object"], p["unit"]) == ("kvm", "cpu-socket"))

    def held(self) -> dict[str, int]:
        held, after = {}, 0
        while True:
            page = self.agent.get(f"/v1/consumers?limit=1000&after={after}")
            for one in page["consumers"]:
                held[one["consumer"]] = sum(item["quantity"] for item in one["usage"])
            after = page["next"]
            if after == 0:
                return held

    def records(self, kind: str) -> list[dict]:
        return self.agent.get(f"/v1/records?kind={kind}")["records"]


class ConsumersTest(LeaseTest):
    cpus = 10

    def test_connect_use_and_release(self):  # SPEC POOL-3, POOL-5
        first = self.put("vm-1", 4)
        self.assertEqual((first["epoch"], first["ttl_s"]), (1, 60))
        self.assertEqual(first["pools"], [{"object": "kvm", "unit": "cpu-socket", "total": 10, "used": 4, "available": 6}])
        again = self.put("vm-1", 4)
        self.assertEqual(again["version"], first["version"], "a repetition changes nothing")
        self.assertEqual(self.put("vm-1", 5, request="r1")["version"], self.put("vm-1", 5, request="r1")["version"])
        refused = self.refusal(lambda: self.put("vm-2", 6))
        self.assertEqual((refused.status, refused.code), (409, "capacity-exhausted"))
        self.assertEqual({name: refused.body["pool"][name] for name in ("total", "used", "available")},
                         {"total": 10, "used": 5, "available": 5})
        self.put("vm-2", 5)
        self.assertEqual((self.pool()["used"], self.pool()["status"]), (10, "usage-reaches-limit"))
        self.assertEqual(self.refusal(lambda: self.put("vm-3", 1, ttl_s=0)).code, "bad-request")
        self.assertEqual(self.refusal(lambda: self.call("DELETE", "/v1/consumers/vm-9")).status, 404)
        self.call("DELETE", "/v1/consumers/vm-2")
        self.assertEqual((self.pool()["used"], self.held()), (5, {"vm-1": 5}))
        labs.wait_for("everybody sees it", lambda: self.agent.status()["pools"][0]["used"] == 5)
        self.assertIn('latchkey_pool_used{object="kvm",unit="cpu-socket"} 5', self.agent.request_text("GET", "/metrics"))

    def test_heartbeats_and_the_end_of_a_lease(self):  # SPEC POOL-4
        self.put("silent", 3, ttl_s=2)
        self.put("alive", 2, ttl_s=4)
        self.put("steady", 1)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            self.call("POST", "/v1/consumers/alive/heartbeat")
            time.sleep(0.2)
        self.assertEqual(self.held(), {"alive": 2, "steady": 1})
        self.assertEqual(self.refusal(lambda: self.call("POST", "/v1/consumers/silent/heartbeat")).code, "lease-unknown")
        self.agent.kill()
        self.agent.start()
        self.assertEqual(self.held(), {"alive": 2, "steady": 1}, "a lease that ended does not come back")

    def test_a_restart_gives_a_full_ttl(self):  # SPEC POOL-4
        self.put("vm-1", 3, ttl_s=5)
        self.agent.kill()
        time.sleep(6)
        self.agent.start()
        self.assertEqual(self.held(), {"vm-1": 3})
        labs.wait_for("it ends after all", lambda: self.held() == {}, timeout=60)

    def test_since_when_and_last_heard(self):  # SPEC POOL-7
        """Since when goes by what is held, across restarts; heard is who speaks to this run of the agent."""
        def lease() -> dict:
            return self.call("GET", "/v1/consumers/vm-1")

        def moment(name: str) -> datetime.datetime:
            return datetime.datetime.fromisoformat(lease()[name].replace("Z", "+00:00"))
        before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        self.put("vm-1", 3, ttl_s=600)
        since = moment("since")
        self.assertLess(before, since)
        labs.wait_for("a heartbeat is heard", lambda: self.call("POST", "/v1/consumers/vm-1/heartbeat") and
                      lease()["heard"] and moment("heard") > since)
        self.assertEqual(moment("since"), since, "a heartbeat changes nothing that is held")
        self.agent.kill()
        self.agent.start()
        self.assertEqual((moment("since"), lease()["heard"]), (since, None))
        self.put("vm-1", 4, ttl_s=600)
        self.assertLess(since, moment("since"))
        self.assertEqual(lease(), {**self.call("GET", "/v1/consumers")["consumers"][0], "connected": True, "terms": None})

    def test_a_forced_release_is_recorded(self):  # SPEC POOL-7
        self.put("vm-1", 4)
        said = self.agent.cli("consumer", "release", "vm-1", "--reason", "it hangs")
        self.assertEqual(said, "Released: 4 kvm by cpu-socket.\n")
        self.assertEqual(self.pool()["used"], 0)
        record = self.records("lease-released")[0]
        self.assertIn("vm-1 (4 kvm by cpu-socket) released by", record["text"])
        self.assertIn("it hangs", record["text"])
        self.put("vm-1", 2)
        self.agent.restart()
        self.assertEqual(self.held(), {"vm-1": 2}, "what came after is not released again")

    def test_terms(self):  # SPEC POOL-8
        self.agent.cli("consumer", "terms", "big", "--reserve", "kvm:cpu-socket:6", "--low-water", "kvm:cpu-socket:7")
        self.agent.cli("consumer", "terms", "small", "--cap", "kvm:cpu-socket:2")
        self.assertEqual((self.pool()["reserved"], self.pool()["available"]), (6, 4))
        self.assertEqual(self.refusal(lambda: self.put("other", 5)).code, "capacity-exhausted")
        self.put("other", 4)
        self.assertEqual(self.refusal(lambda: self.put("small", 3)).code, "over-cap")
        labs.wait_for("an alert stands", lambda: any(
            alert["id"] == "low-water:big:kvm:cpu-socket" for alert in self.agent.get("/v1/alerts")["alerts"]))
        self.agent.restart()
        self.wait_usable()
        self.assertEqual(self.refusal(lambda: self.put("other", 5)).code, "capacity-exhausted")
        self.put("big", 6)
        self.assertIn("Reserved for it: 6 kvm by cpu-socket", self.agent.cli("consumer", "show", "big"))
        self.agent.cli("consumer", "terms", "big", "--clear")
        self.assertEqual(len(self.records("consumer-terms")), 3)

    def test_over_quota(self):  # SPEC POOL-6, QUOTA-2
        self.put("vm-1", 8)
        self.lab.ctl("a", "pull", "red")
        self.lab.create_key("blue", entry="kvm:cpu-socket:5")
        self.lab.ctl("a", "plug", "blue")
        labs.wait_for("less is licensed than used", lambda: self.agent.status()["over_quota"])
        self.assertEqual(self.held(), {"vm-1": 8}, "nobody is evicted")
        self.assertEqual((self.pool()["total"], self.pool()["over"]), (5, 3))
        self.assertEqual(self.refusal(lambda: self.put("vm-2", 1)).code, "over-quota")
        verdict = self.agent.post("/v1/authorize", {"operation": "create"})
        self.assertEqual((verdict["allowed"], verdict["code"]), (False, "over-quota"))
        self.assertTrue(self.agent.post("/v1/authorize", {"operation": "reduce"})["allowed"])
        self.put("vm-1", 6)
        self.assertEqual(self.refusal(lambda: self.put("vm-2", 1)).code, "over-quota")
        self.put("vm-1", 4)
        self.put("vm-2", 1)
        labs.wait_for("nobody says so any more", lambda: not self.agent.status()["over_quota"])

    def test_a_lease_comes_back_by_its_token(self):  # SPEC SRV-4, here for the same node
        token = self.put("vm-1", 4, ttl_s=30)["token"]
        self.agent.kill()
        for file in (self.agent.dir / "state").glob("latchkey.db*"):
            file.unlink()
        self.agent.start()
        self.wait_usable()
        self.assertEqual(self.held(), {})
        back = self.call("POST", "/v1/consumers/vm-1/heartbeat", {"token": token})
        self.assertEqual((back["usage"][0]["quantity"], back["ttl_s"]), (4, 30))
        self.assertEqual(self.refusal(lambda: self.call("POST", "/v1/consumers/vm-2/heartbeat", {"token": token})).code, "not-owner")
        self.assertEqual(self.refusal(
            lambda: self.call("POST", "/v1/consumers/vm-3/heartbeat", {"token": token[:-2] + "AA"})).code, "token-invalid")

    def test_a_damaged_row_is_reported(self):
        self.put("vm-1", 4)
        self.put("vm-2", 1)
        self.agent.kill()
        database = sqlite3.connect(self.agent.dir / "state/latchkey.db")
        database.execute("UPDATE leases SET changes = substr(changes, 1, length(changes) - 1) || x'02' WHERE position = 1")
        database.commit()
        database.close()
        self.agent.start()
        self.assertEqual(self.held(), {"vm-2": 1})
        with self.assertRaisesRegex(labs.LabError, "row 1 of the lease journal was damaged"):
            self.agent.cli("record", "verify")
        for cpus in range(2, 5):  # all leases are said anew with the next changes, and the row goes
            self.put("vm-2", cpus)
        self.assertIn("The journal of leases is sound", self.agent.cli("record", "verify"))
        record = labs.wait_for("it is recorded", lambda: self.records("history-warning"))[0]
        self.assertIn("leases-damaged: row 1 of the lease journal was damaged", record["text"])


class DiskTest(LeaseTest):
    """A disk that refuses: no false acknowledgement, no leak, recovery without a person (SPEC POOL-4)."""

    def environment(self) -> dict[str, str]:
        self.fault_file = self.lab.dir / "disk-fault"
        return {"LD_PRELOAD": os.environ["LATCHKEY_DISK_FAULT"], "DISK_FAULT_FILE": str(self.fault_file)}

    def fault(self, what: str):
        """Atomically."""
        fresh = self.lab.dir / "disk-fault.new"
        fresh.write_text(what)
        fresh.rename(self.fault_file)

    def store_failed(self) -> bool:
        return any(alert["id"] == "store-failed" for alert in self.agent.get("/v1/alerts")["alerts"])

    def check(self, begin, end, detail: str):
        self.put("old", 3)
        begin()
        refused = self.refusal(lambda: self.put("new", 5))
        self.assertEqual((refused.status, refused.code), (503, "store-failed"))
        self.assertIn(detail, refused.body["detail"])
        for act in (lambda: self.put("old", 4), lambda: self.call("DELETE", "/v1/consumers/old")):
            self.assertEqual(self.refusal(act).code, "store-failed")
        self.assertEqual(self.held(), {"old": 3}, "no leak, and nothing taken away")
        self.assertEqual(self.pool()["used"], 3)
        self.call("POST", "/v1/consumers/old/heartbeat")
        labs.wait_for("an alert stands", self.store_failed)
        end()
        labs.wait_for("it recovers alone", lambda: not self.store_failed())
        self.put("new", 5)
        self.agent.kill()
        self.agent.start()
        self.assertEqual(self.held(), {"old": 3, "new": 5})

    def test_a_full_disk(self):
        """The limit on the size of files stands in for the disk: SQLite is told that nothing more fits."""
        pid = self.agent.process.pid

        def limit():
            size = max(file.stat().st_size for file in (self.agent.dir / "state").glob("latchkey.db*"))
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        self.check(limit, lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
                   "disk")

    def test_an_fsync_that_fails(self):
        self.check(lambda: self.fault("fsync"), lambda: self.fault(""), "disk I/O error")

    def test_a_read_only_disk(self):
        self.check(lambda: self.fault("read-only"), lambda: self.fault(""), "disk I/O error")

    def test_what_a_failed_fsync_left_is_synced_by_the_next_agent(self):
        """A log that reads well is not believed: nothing is acknowledged on top of it before it is on the disk."""
        self.put("old", 3)
        self.fault("fsync")
        self.refusal(lambda: self.put("new", 5))
        self.agent.kill()
        self.agent.start()
        self.assertEqual(self.held()["old"], 3)
        self.assertEqual(self.refusal(lambda: self.put("third", 1)).code, "store-failed")
        self.fault("")
        labs.wait_for("it recovers alone", lambda: not self.store_failed())
        self.put("third", 1)
        held = self.held()
        held.pop("new", None)  # what was refused may be there after a crash, for one TTL
        self.assertEqual(held, {"old": 3, "third": 1})


class CrashTest(LeaseTest):
    """kill -9 while consumers state their usage: what was acknowledged is there, and the totals are exact."""

    ROUNDS = int(os.environ.get("LATCHKEY_ROUNDS", "100"))
    CLIENTS = 4

    def load(self, number: int, seed: int, known: dict[str, int], open_: dict[str, int]):
        """States usage until the agent is gone. `known`: acknowledged; `open_`: asked for and not answered."""
        dice = random.Random(seed)
        connection = labs.UnixConnection(self.agent.socket)
        try:
            while True:
                consumer, cpus = f"c{number}-{dice.randrange(6)}", dice.randrange(1, 50)
                drop = dice.random() < 0.2 and consumer in known
                open_[consumer] = 0 if drop else cpus
                if drop:
                    self.call("DELETE", f"/v1/consumers/{consumer}", connection=connection)
                    del known[consumer]
                else:
                    self.put(consumer, cpus, connection, ttl_s=3600)
                    known[consumer] = cpus
                del open_[consumer]
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass  # killed
        finally:
            connection.close()

    def test_nothing_acknowledged_is_lost(self):  # SPEC POOL-3, POOL-4
        seed = int(os.environ.get("LATCHKEY_SEED", random.randrange(1 << 30)))
        dice = random.Random(seed)
        known, total = {}, 0
        end = time.monotonic() + 90  # on a slow machine fewer rounds
        for round_ in range(self.ROUNDS):
            if time.monotonic() > end and round_ >= 10:
                break
            parts = [({name: cpus for name, cpus in known.items() if name.startswith(f"c{n}-")}, {}) for n in range(self.CLIENTS)]
            threads = [threading.Thread(target=self.load, args=(n, dice.random(), *parts[n])) for n in range(self.CLIENTS)]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.01, 0.25))
            self.agent.kill()
            for thread in threads:
                thread.join()
            self.agent.start()
            held = self.held()
            where = f"seed {seed}, round {round_}"
            for acknowledged, asked in parts:
                total += len(acknowledged)
                for consumer in acknowledged.keys() | asked.keys():
                    possible = {acknowledged.get(consumer, 0), asked.get(consumer, acknowledged.get(consumer, 0))}
                    self.assertIn(held.get(consumer, 0), possible, f"{where}: {consumer}")
            self.assertEqual(set(held) - set().union(*(a.keys() | o.keys() for a, o in parts)), set(), where)
            self.assertEqual(self.pool()["used"], sum(held.values()), where)
            known = held
            self.wait_usable()
        self.assertGreater(total, 0, "the load never got through")


if __name__ == "__main__":
    unittest.main()
