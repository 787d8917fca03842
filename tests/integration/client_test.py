#!/usr/bin/env python3
"""The client library and `latchkey connect` with real agents: SPEC SRV-2, SRV-4, POOL-4, POOL-5."""

import json
import pathlib
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from client_library import Client  # noqa: E402

CPUS = 10
TTL = 3


class ClientTest(unittest.TestCase):
    """A vendor, a key that licenses ten CPU sockets, and two agents with a port of their own on the loopback."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red")
        self.ports = {port: labs.free_tcp_port() for port in "ab"}
        self.a, self.b = (
            labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0, rescan_s=1,
                       extra=f'[server]\nlisten = "127.0.0.1:{self.ports[port]}"\n[leases]\nleast_ttl_s = 1\n')
            for port in "ab")
        self.lab.ctl("a", "plug", "red")
        self.a.start()
        self.usable(self.a)

    def usable(self, node):
        labs.wait_for(f"a license counts on {node.name}", lambda: node.status()["usable"])

    def pair(self):
        self.b.start()
        self.b.join(self.a.invite())
        self.usable(self.b)

    def client(self, consumer: str, servers=(), directory=None, ttl_s=TTL) -> Client:
        client = Client(self.lab.bin, consumer, servers, directory, ttl_s)
        self.addCleanup(client.close, False)
        return client

    def local(self, node) -> str:
        return f"unix:{node.socket}"

    def url(self, node) -> str:
        return f"https://127.0.0.1:{self.ports[node.name[-1]]}"

    def held(self, node) -> dict[str, int]:
        return {one["consumer"]: sum(item["quantity"] for item in one["usage"])
                for one in node.get("/v1/consumers")["consumers"]}

    def token(self, node) -> str:
        return node.cli("server", "token", "create", "--role", "consumer", "--name", "hypervisor").strip()

    def connect(self, token: str, *servers: str, directory=None, more=()) -> tuple[int, dict]:
        """Exit code and the answer, or the error."""
        done = subprocess.run([self.lab.bin / "latchkey", "--json", "connect", *servers, "--token", token, "--dir",
                               directory or self.lab.dir / "client", *more], capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout)

    def refusal(self, *arguments, exit_code=1, **options) -> str:
        code, answer = self.connect(*arguments, **options)
        self.assertEqual(code, exit_code, answer)
        self.assertTrue(answer["error"]["message"] and answer["error"]["cure"], answer)
        return answer["error"]["code"]

    # --- over the socket of the machine

    def test_a_lease_outlives_the_agent(self):  # SPEC POOL-4
        client = self.client("app", [self.local(self.a)], ttl_s=30)
        client.use(4)
        client.wait_state("holding", 4)
        self.a.kill()
        self.a.start()
        self.assertEqual(self.held(self.a), {"app": 4})
        client.use(5)  # the agent that came back
        client.wait_state("holding", 5)
        self.assertNotIn("lost", client.states)
        self.assertTrue(client.close())
        self.assertEqual(self.held(self.a), {})

    def test_the_ttl_passes(self):  # SPEC POOL-4
        client = self.client("app", [self.local(self.a)])
        client.use(4)
        client.wait_state("holding", 4)
        self.a.kill()
        self.assertEqual(client.wait_state("at-risk", 4)["code"], "server-unreachable")
        self.a.start()
        client.wait_state("holding", 4)
        self.assertEqual(self.held(self.a), {"app": 4})

    def test_a_lease_that_is_taken_away_is_stated_again_or_lost(self):  # SPEC POOL-7, POOL-5
        client = self.client("app", [self.local(self.a)])
        client.use(4)
        client.wait_state("holding", 4)
        self.a.post("/v1/consumers/app/release")
        labs.wait_for("it has it again", lambda: self.held(self.a) == {"app": 4})
        client.wait_state("holding", 4)

        # Whoever takes all of it while the client sleeps. A stopped process has no heartbeats.
        helper = self.hold("other", 4)
        self.assertEqual(helper.stdout.readline(), "connecting\n")
        self.assertEqual(helper.stdout.readline().split()[:2], ["holding", "4"])
        helper.send_signal(signal.SIGSTOP)
        self.a.post("/v1/consumers/other/release")
        client.use(CPUS)
        client.wait_state("holding", CPUS)
        helper.send_signal(signal.SIGCONT)
        line = helper.stdout.readline()
        while line.startswith(("holding", "at-risk")):
            line = helper.stdout.readline()
        self.assertTrue(line.startswith("lost: ") and "[capacity-exhausted] total 10 used 10 available 0" in line, line)
        # It tries again, and there is room.
        client.use(6)
        labs.wait_for("both have what they want", lambda: self.held(self.a) == {"app": 6, "other": 4}, timeout=90)
        self.assertEqual(helper.stdout.readline().split()[:2], ["holding", "4"])
        helper.stdin.close()
        self.assertEqual(helper.wait(timeout=20), 0)
        self.assertEqual(self.held(self.a), {"app": 6})

    def hold(self, consumer: str, cpus: int) -> subprocess.Popen:
        """The example program."""
        helper = subprocess.Popen(
            [self.lab.bin / "latchkey-client-example", consumer, "kvm", "cpu-socket", str(cpus), self.local(self.a)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (helper.kill(), helper.wait(), helper.stdout.close(), helper.stdin.close()))
        return helper

    def test_a_refusal_has_the_figures_of_the_pool(self):  # SPEC POOL-5
        client = self.client("app", [self.local(self.a)])
        client.use(4)
        client.wait_state("holding", 4)
        client.use(CPUS + 1)
        word = client.wait_state("refused", 4)
        self.assertEqual((word["code"], word["pool"]), ("capacity-exhausted", (CPUS, 4, CPUS - 4)))
        client.use(CPUS)
        client.wait_state("holding", CPUS)

    # --- over the network

    def test_connect_hold_and_fail_over(self):  # SPEC SRV-2, SRV-4
        self.pair()
        directory = self.lab.dir / "client"
        code, answer = self.connect(self.token(self.a), self.url(self.a), self.url(self.b), directory=directory)
        self.assertEqual((code, answer.get("role"), answer.get("name")), (0, "consumer", "hypervisor"), answer)
        self.assertEqual(stat.S_IMODE((directory / "key.pem").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(directory.stat().st_mode), 0o700)
        self.assertEqual((directory / "servers").read_text().split(), [self.url(self.a), self.url(self.b)])
        labs.wait_for("node-b knows the identity",
                      lambda: answer["identity"] in self.b.request_text("GET", "/v1/server/identities"))

        client = self.client("app", directory=directory)
        client.use(4)
        self.assertEqual(client.wait_state("holding", 4)["server"], self.url(self.a))
        self.a.kill()
        labs.wait_for("the death is seen", lambda: self.b.get("/v1/peer")["link"] != "up")
        self.b.cli("server", "take-over", "--force")  # without a virtual address somebody has to decide
        word = client.wait("it is held by node-b", lambda word: word["state"] == "holding" and
                           word["server"] == self.url(self.b))
        self.assertEqual(sum(word["held"].values()), 4)
        # While node-b is asked, what node-a granted is held.
        labs.wait_for("node-b has it", lambda: self.held(self.b) == {"app": 4})
        self.assertNotIn("lost", client.states)
        self.assertTrue(client.close())
        self.assertEqual(self.held(self.b), {})

    def test_a_revoked_identity_is_told_so(self):  # SPEC SEC-2
        directory = self.lab.dir / "client"
        _, answer = self.connect(self.token(self.a), self.url(self.a), directory=directory)
        client = self.client("app", directory=directory)
        client.use(4)
        client.wait_state("holding", 4)
        self.a.cli("server", "identity", "revoke", answer["identity"])
        self.assertEqual(client.wait_state("at-risk")["code"], "identity-revoked")

    def test_connect_is_refused(self):  # SPEC SRV-2
        self.b.start()  # not paired: another deployment
        token = self.token(self.a)
        self.assertEqual(self.refusal(token, self.url(self.b)), "pin-mismatch")
        self.assertEqual(self.refusal("LKE-nonsense", self.url(self.a)), "token-invalid")
        self.assertEqual(self.refusal(token, "http://127.0.0.1"), "address-invalid")
        nobody = f"https://127.0.0.1:{labs.free_tcp_port()}"
        self.assertEqual(self.refusal(token, nobody, exit_code=3), "server-unreachable")
        self.assertFalse((self.lab.dir / "client").exists())
        self.assertEqual(list(self.lab.dir.glob("client.*")), [], "no key is left lying about")

        self.assertEqual(self.connect(token, nobody, self.url(self.a))[0], 0, "the second server enrols")
        self.assertEqual(self.refusal(token, self.url(self.a)), "exists")
        self.assertEqual(self.refusal(token, self.url(self.a), directory=self.lab.dir / "two"), "token-used")
        before = (self.lab.dir / "client" / "key.pem").read_text()
        code, _ = self.connect(self.token(self.a), self.url(self.a), more=["--replace"])
        self.assertEqual(code, 0)
        self.assertNotEqual((self.lab.dir / "client" / "key.pem").read_text(), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
