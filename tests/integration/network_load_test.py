#!/usr/bin/env python3
"""Crowds and attackers on the network do not stop the heartbeats of honest consumers: SPEC SRV-1, SEC-3, POOL-4.

What heartbeats cost beside them is held against what they cost alone, before and after; attackers run at the lowest
priority, for the question is what they make the agent do, not who gets the processor. LATCHKEY_HALF_OPEN makes the accept
pressure greater.
"""

import collections
import contextlib
import json
import multiprocessing
import os
import pathlib
import resource
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from cards import Card, listening  # noqa: E402

IDLE = 10_000
HALF_OPEN = int(os.environ.get("LATCHKEY_HALF_OPEN", 20_000))
SLOW = 60
CONSUMERS = 20
RATIO = 50  # that a heartbeat may cost more beside an attack; one that is held up costs thousands
GIGABYTE = 1 << 30


# --- attackers, each a process of its own -----------------------------------------------------------------------------

def half_open(port: int, count: int):
    """Connections from 200 addresses that say nothing, 1,000 at a time; those that are left are cut off."""
    open_ones = collections.deque()
    for number in range(count):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.setblocking(False)
        one.bind((f"127.0.{1 + number % 200}.1", 0))
        one.connect_ex(("127.0.0.1", port))
        open_ones.append(one)
        if len(open_ones) > 1000:
            open_ones.popleft().close()
    for one in open_ones:
        one.close()


def slow_loris(card: Card, count: int):
    """Requests that come by the byte, on connections of whom the agent knows; handshakes that never go on."""
    def begin() -> socket.socket:
        one = card.dial()
        one.sendall(b"POST /v1/consumers/load-0000000/heartbeat HTTP/1.1\r\nX-Slow: ")
        return one

    def stammer() -> socket.socket:
        one = socket.create_connection(("127.0.0.1", card.port), timeout=10)
        one.sendall(b"\x16\x03\x01\x02\x00")
        return one
    makers = [begin] * count + [stammer] * count
    slow = [make() for make in makers]
    while True:
        for number, make in enumerate(makers):
            try:
                slow[number].sendall(b"a")
            except OSError:
                slow[number].close()
                slow[number] = make()
        time.sleep(0.05)


def huge_body(card: Card, done):
    """A gigabyte, announced or not, as often as it is refused; how much was taken of each goes to `done`."""
    block = b"x" * 65536
    heads = (f"Content-Length: {GIGABYTE}\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n40000000\r\n", "X-Long: ")
    for number in range(1 << 30):
        sent = 0
        with contextlib.suppress(OSError), card.dial() as one:
            one.sendall(b"PUT /v1/consumers/huge/usage HTTP/1.1\r\n" + heads[number % len(heads)].encode())
            while sent < GIGABYTE:
                one.sendall(block)
                sent += len(block)
        if sent:
            done.put(sent)


class NetworkLoadTest(unittest.TestCase):
    def setUp(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a",))
        self.lab.create_key("red", entry="kvm:cpu-socket:1000")
        port = labs.free_tcp_port()
        self.agent = labs.Agent(self.lab, "node-a", self.lab.port_socket("a"), settle_s=0, peer=False,
                                extra=listening(port)).start()
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("a license counts", lambda: self.agent.status()["usable"])
        self.card = Card.enrol(self.agent, port, "consumer")
        self.load("connect", connections=CONSUMERS, consumers=CONSUMERS, ttl=3600)

    def load(self, workload: str, **options) -> dict:
        arguments = [item for name, value in options.items() for item in (f"--{name}", value)]
        return json.loads(self.lab.run("load_generator", *self.card.where, "--workload", workload, *arguments, timeout=120))

    def heartbeats(self) -> dict:
        """Ten a second of each consumer; how long each took from when it was due."""
        told = self.load("heartbeat", connections=CONSUMERS, consumers=CONSUMERS, rate=10 * CONSUMERS, seconds=2)
        self.assertEqual((told["refused"], told["unanswered"]), ({}, 0), told)
        self.assertGreaterEqual(told["answers"], 20 * CONSUMERS - CONSUMERS)
        return told

    @contextlib.contextmanager
    def attackers(self, *calls):
        """Each a function and its arguments."""
        def at_leisure(function, *arguments):
            os.nice(19)
            function(*arguments)
        processes = [multiprocessing.Process(target=at_leisure, args=call, daemon=True) for call in calls]
        for process in processes:
            process.start()
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.join()

    @contextlib.contextmanager
    def unharmed(self):
        """What is measured within must be like what is measured before or after; of what is measured, the best counts."""
        alone, beside = [self.heartbeats()], []
        yield lambda: beside.append(self.heartbeats())
        alone.append(self.heartbeats())
        for figure in ("p50_us", "p99_us"):
            most = RATIO * max(one[figure] for one in alone)
            self.assertLess(min(one[figure] for one in beside), most, (figure, alone, beside))
        print(f"\nheartbeats alone {[one['p99_us'] for one in alone]}, beside {[one['p99_us'] for one in beside]} us (p99)",
              flush=True)

    def rss(self) -> int:
        status = pathlib.Path(f"/proc/{self.agent.process.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.agent.process.pid}/fd"))

    def test_ten_thousand_idle_connections_are_held(self):
        def crowd():
            command = [self.lab.bin / "load_generator", *self.card.where, "--hold", "--path", "/health/live", "--connections",
                       IDLE // 2, "--rate", IDLE // 4, "--seconds", 2, "--warmup", 0]
            return subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with self.unharmed() as measure:
            memory = self.rss()
            with crowd() as one, crowd() as other:
                labs.wait_for("ten thousand connections", lambda: self.open_files() >= IDLE, timeout=300, pause=0.1)
                measure()
                self.assertGreaterEqual(self.open_files(), IDLE, "they are still there")
                each = (self.rss() - memory) / IDLE
                for half in (one, other):
                    told = json.loads(half.communicate()[0])
                    self.assertEqual((told["answers"], told["refused"], told["unanswered"]), (IDLE // 2, {}, 0), "each can be used")
        print(f"{each / 1024:.1f} KiB of memory for an idle connection", flush=True)
        self.assertLess(each, 64 * 1024)

    def test_slow_clients(self):
        with self.unharmed() as measure, self.attackers((slow_loris, self.card, SLOW)):
            labs.wait_for("the slow ones are in", lambda: self.open_files() >= 2 * SLOW, timeout=120, pause=0.1)
            for _ in range(2):
                measure()

    def test_a_gigabyte(self):
        done = multiprocessing.Queue()
        with self.unharmed() as measure, self.attackers((huge_body, self.card, done)):
            before = self.rss()
            for _ in range(2):
                measure()
            taken = [done.get(timeout=60) for _ in range(6)]
            self.assertLess(max(taken), GIGABYTE // 16, "refused long before its end")
            self.assertLess(self.rss() - before, 32 << 20)

    def test_half_open_connections(self):
        with self.unharmed() as measure:
            calls = [(half_open, self.card.port, HALF_OPEN // 2)] * 2
            with self.attackers(*calls) as processes:
                measure()
                while any(process.is_alive() for process in processes):
                    measure()
                self.assertEqual([process.exitcode for process in processes], [0, 0])
            # Whoever comes now comes in.
            with self.card.dial() as one:
                one.sendall(b"GET /health/live HTTP/1.1\r\n\r\n")
                self.assertTrue(one.recv(64).startswith(b"HTTP/1.1 200"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
