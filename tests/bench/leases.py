"""What leases cost, held against plain SQLite on the same disk (`tests/bench/run.py`, sections `leases`, `million`)."""

import contextlib
import json
import pathlib
import re
import subprocess
import time

import imports
import lab as labs
import servers
from rows import Row

OBJECT, CAPACITY = "kvm", 100_000_000
FSYNCS_IN_5_MS = 20  # at the 250 us that one takes on the machines this was written for
DAY_S = 86_400


class LeaseServer:
    """An agent with capacity for everybody, from a file license."""

    def __init__(self, lab, name: str, extra: str = ""):
        self.lab = lab
        self.agent = labs.Agent(lab, name, lab.port_socket(name), peer=False, extra=extra).start()
        license_ = (f'customer = "Bench"\n[[license]]\nrequest-key = "request.json"\ndays = 365\n'
                    f'[[license.entry]]\nobject = "{OBJECT}"\nunit = "cpu-socket"\nquantity = {CAPACITY}\n')
        self.agent.post("/v1/licenses", imports.package(lab, self.agent, license_), timeout=60)

    @property
    def server(self) -> servers.Server:
        return servers.Server(("--socket", self.agent.socket), self.agent.process.pid)

    def load(self, workload: str, **options) -> dict:
        return servers.load(self.lab, self.server.where, workload=workload, cpu=servers.CLIENT_CPU, **options)

    def fill(self, count: int):
        """`count` consumers state what they use, as many at a time as the agent takes."""
        self.load("connect", connections=64, outstanding=64, consumers=count, ttl=DAY_S, seconds=600)

    def rss(self) -> int:
        status = pathlib.Path(f"/proc/{self.agent.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def yardstick(lab, what: str, rows: int) -> dict:
    return json.loads(lab.run("lease_yardstick", what, lab.dir / f"{what}.db", rows, timeout=600))


# --- durable changes ----------------------------------------------------------------------------------------------

def lease_rows(lab, options):
    rounds, seconds = (8, 0.4) if options.quick else (25, 0.5)
    server = LeaseServer(lab, "leases")
    many, few, one, rows, fsyncs = [], [], [], [], []
    for _ in range(rounds):
        rows.append(yardstick(lab, "append", 20_000)["rate"])
        many.append(server.load("usage", connections=64, outstanding=8, consumers=512, seconds=seconds))
        fsyncs.append(yardstick(lab, "single", 200)["p50_us"])
        one.append(server.load("usage", seconds=seconds))
        few.append(server.load("usage", connections=64, seconds=seconds))
    fsync = min(fsyncs)
    yield Row("lease_durable_512_vs_sqlite", servers.best(many)["rate"], "changes/s", max(rows), 0.6, at_least=True)
    yield Row("lease_p50_c1_vs_fsync", servers.best(one)["p50_us"], "us", fsync, 1.5)
    yield Row("lease_p99_c64_vs_fsync", servers.best(few)["p99_us"], "us", fsync, FSYNCS_IN_5_MS)
    yield from beside_writers(server, rounds, seconds)


@contextlib.contextmanager
def writers(server, seconds: float):
    """64 consumers that change what they use, each as soon as its last change is durable."""
    command = [server.lab.bin / "load_generator", *server.server.where, "--workload", "usage", "--connections", "64",
               "--seconds", str(seconds), "--cpu", str(servers.CLIENT_CPU)]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)  # until all of them are at it
    yield
    told = json.loads(process.communicate()[0])
    if told["refused"] or process.returncode != 0:
        raise labs.LabError(f"writers: {told}")


def beside_writers(server, rounds: int, seconds: float):
    alone, beside = [], []
    queries = {"connections": 64, "seconds": seconds}
    for _ in range(rounds):
        alone.append(server.load("get", **queries))
        with writers(server, seconds + 0.6):
            beside.append(server.load("get", **queries))
    yield Row("status_p99_under_writers", servers.best(beside)["p99_us"], "us", servers.best(alone)["p99_us"], 2)


# --- a million ----------------------------------------------------------------------------------------------------

def million_rows(lab, options):
    sizes = {"lease-1k": 1_000, "lease-100k": 100_000, "lease-1m": 1_000_000}
    held = {name: LeaseServer(lab, name) for name in sizes}
    for name, count in sizes.items():
        held[name].fill(count)
    costs = {workload: cost(held, sizes, workload, options) for workload in ("heartbeat", "get")}
    growths = [(values[name], values["lease-1k"]) for values in costs.values() for name in ("lease-100k", "lease-1m")]
    yield Row("lease_growth_1k_1m", *worst(growths), 1.25)
    small, large = held["lease-1k"], held["lease-1m"]
    filled = large.rss()
    starts, scans = [], []
    for _ in range(3 if options.quick else 7):
        starts.append(start_ms(large.agent))
        scans.append(yardstick(lab, "scan", sizes["lease-1m"])["ms"])
    small.agent.restart()
    yield Row("restart_1m_vs_scan", min(starts), "ms", min(scans), 2)
    longest = json.loads(lab.run("lease_insert_bench", sizes["lease-1m"], timeout=600))
    yield Row("lease_longest_insert_vs_1000", longest["longest_us"], "us", longest["median_1000_us"], 4)
    yield Row("lease_bytes", (max(filled, large.rss()) - small.rss()) / sizes["lease-1m"], "bytes", 150)


def cost(held: dict, sizes: dict, workload: str, options) -> dict:
    """Median times of single requests with so many leases; interleaved."""
    runs = {name: [] for name in sizes}
    for _ in range(5 if options.quick else 12):
        for name, count in sizes.items():
            runs[name].append(held[name].load(workload, consumers=count, seconds=0.5))
    return {name: servers.best(results)["p50_us"] for name, results in runs.items()}


def worst(growths: list) -> tuple[float, str, float]:
    value, limit = max(growths, key=lambda growth: growth[0] / growth[1])
    return value, "us", limit


def start_ms(agent) -> float:
    """From the program's start to its first answer."""
    agent.stop()
    begin = time.perf_counter()
    agent.start(wait=False)
    labs.wait_for("the first answer", agent.answers, timeout=60, pause=0.0005)
    return (time.perf_counter() - begin) * 1e3
