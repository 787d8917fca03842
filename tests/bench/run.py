#!/usr/bin/env python3
"""Measures what the project promises and compares it (`tools/dev bench`).

Writes [{name, value, unit, limit, ratio}]: `value` is ours, `limit` what it is held against in the same unit, either a
yardstick measured in the same run (nginx, openssl) or a promised figure; `ratio` is value / limit. `bound` says what
the ratio may be and `ok` whether it is. Names are stable.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import imports  # noqa: E402
import lab as labs  # noqa: E402

SERVER_CPU, CLIENT_CPU = 0, os.cpu_count() - 1


@dataclasses.dataclass
class Row:
    name: str
    value: float
    unit: str
    limit: float
    bound: float = 1.0
    at_least: bool = False  # the ratio must be at least the bound, not at most
    judged: bool = True

    @property
    def ratio(self) -> float:
        return self.value / self.limit

    @property
    def ok(self) -> bool:
        return not self.judged or (self.ratio >= self.bound if self.at_least else self.ratio <= self.bound)

    def as_json(self) -> dict:
        sign = ">=" if self.at_least else "<="
        row = {"name": self.name, "value": round(self.value, 4), "unit": self.unit, "limit": round(self.limit, 4),
               "ratio": round(self.ratio, 3)}
        return row | ({"bound": f"ratio {sign} {self.bound}", "ok": self.ok} if self.judged else {})


# --- core ---------------------------------------------------------------------------------------------------------

def google_benchmark(lab, program: str, name: str) -> float:
    """Median processor time of one benchmark, in its own unit."""
    output = subprocess.run(
        ["taskset", "-c", str(CLIENT_CPU), lab.bin / program, f"--benchmark_filter=^{name}$",
         "--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_report_aggregates_only=true"],
        check=True, capture_output=True, text=True).stdout
    rows = json.loads(output)["benchmarks"]
    return next(row["cpu_time"] for row in rows if row["aggregate_name"] == "median")


def fold_rows(lab, _options):
    yield Row("fold_100k_ms", google_benchmark(lab, "fold_bench", "fold_facts/100000"), "ms", 100)


def verify_rows(lab, options):
    ours = 1e6 / google_benchmark(lab, "verify_bench", "verify_license")
    speed = subprocess.run(["taskset", "-c", str(CLIENT_CPU), "openssl", "speed", "-seconds",
                            str(1 if options.quick else 3), "ed25519"], check=True, capture_output=True, text=True)
    openssl = float(re.search(r"Ed25519\).*?([\d.]+)\s*$", speed.stdout, re.M).group(1))
    yield Row("verify_vs_openssl", ours, "verify/s", openssl, 0.75, at_least=True)


# --- status queries -----------------------------------------------------------------------------------------------

def threads(pid: int) -> list:
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def pin(pid: int, cpu: int):
    for thread in threads(pid):
        os.sched_setaffinity(thread, {cpu})


def load(lab, socket_path, connections: int, seconds: float) -> dict:
    """One run of the load generator: {p50_us, p99_us, rate}."""
    return json.loads(lab.run("status_bench", "--socket", socket_path, "--connections", connections,
                              "--seconds", seconds, "--cpu", CLIENT_CPU))


def start_nginx(lab, body_bytes: int):
    """`return 200` on a Unix socket, a body of the same size: what a first-class server needs for the least answer."""
    folder = lab.dir / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; "
        f"proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n"
        f"server {{ listen unix:{folder}/sock; location / {{ return 200 '{'x' * body_bytes}'; }} }} }}\n")
    master = lab.spawn(["/usr/sbin/nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"], folder / "log")
    children = pathlib.Path(f"/proc/{master.pid}/task/{master.pid}/children")
    worker = labs.wait_for("nginx", lambda: (folder / "sock").exists() and children.read_text().split())
    return folder / "sock", int(worker[0])


def start_pingpong(lab, body_bytes: int):
    path = lab.dir / "pingpong.sock"
    server = lab.spawn(["pingpong_server", path, str(body_bytes)], lab.dir / "pingpong.log")
    labs.wait_for("pingpong_server", path.exists)
    return path, server.pid


def compare(lab, servers: dict, connections: int, server_cpu: int, options) -> dict:
    """Each server's median over interleaved rounds, so that a busy moment of the machine hits all of them."""
    rounds, seconds = (3, 0.5) if options.quick else (7, 1.0)
    results = {name: [] for name in servers}
    for name, (_, pid) in servers.items():
        pin(pid, server_cpu)
    for _ in range(rounds):
        for name, (path, _) in servers.items():
            results[name].append(load(lab, path, connections, seconds))
    return {name: {key: statistics.median(run[key] for run in runs) for key in ("p50_us", "p99_us", "rate")}
            for name, runs in results.items()}


def status_rows(lab, options):
    agent = lab.agent
    body_bytes = len(json.dumps(agent.status(), separators=(",", ":"), ensure_ascii=False).encode())
    servers = {"agent": (agent.socket, agent.process.pid), "nginx": start_nginx(lab, body_bytes)}
    many = compare(lab, servers, 64, SERVER_CPU, options)
    servers["pingpong"] = start_pingpong(lab, body_bytes)
    one = compare(lab, servers, 1, CLIENT_CPU, options)
    ours = one["agent"]["p50_us"]
    yield Row("status_p50_unix_c1_vs_nginx", ours, "us", one["nginx"]["p50_us"], 1.5)
    yield Row("status_p50_unix_c1_vs_pingpong", ours, "us", one["pingpong"]["p50_us"], judged=False)
    yield Row("status_rate_unix_c64_vs_nginx", many["agent"]["rate"], "requests/s", many["nginx"]["rate"], 0.7,
              at_least=True)


# --- the idle agent -----------------------------------------------------------------------------------------------

def wakeups(pid: int) -> int:
    """Context switches of every thread: each one is a time when the process ran again."""
    total = 0
    for thread in threads(pid):
        status = pathlib.Path(f"/proc/{pid}/task/{thread}/status").read_text()
        total += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", status)))
    return total


def idle_rows(lab, options):
    agent = lab.agent.restart()  # its memory after a start, not after a load test
    time.sleep(3)
    pid, seconds = agent.process.pid, 20 if options.quick else 60
    before = wakeups(pid)
    time.sleep(seconds)
    woke = (wakeups(pid) - before) * 60 / seconds
    rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
    yield Row("idle_rss_mb", rss / 1024, "MB", 12)
    yield Row("idle_wakeups_60s", woke, "wakeups", 3)


def start_rows(lab, options):
    agent, times = lab.agent, []
    for _ in range(5 if options.quick else 15):
        agent.stop()
        begin = time.perf_counter()
        agent.start(wait=False)
        labs.wait_for("the first answer", agent.answers, pause=0.0005)
        times.append((time.perf_counter() - begin) * 1e3)
    yield Row("start_to_first_answer_ms", statistics.median(times), "ms", 50)


def print_table(rows):
    print(f"{'name':<32} {'value':>12} {'unit':<10} {'limit':>12} {'ratio':>7}  bound")
    for row in rows:
        verdict = "" if not row.judged else f"{'>=' if row.at_least else '<='} {row.bound:g} {'ok' if row.ok else 'MISSED'}"
        print(f"{row.name:<32} {row.value:>12.3f} {row.unit:<10} {row.limit:>12.3f} {row.ratio:>7.3f}  {verdict}")


# --- what plug and pull cost --------------------------------------------------------------------------------------

def own_share(agent, event: str) -> list:
    """The agent's own timing trace: everything that is not kernel, udev, open(2) or transfer (agent/app)."""
    return [float(ms) for ms in re.findall(rf"timing .*of={event} .*own_ms=([\d.]+)", agent.log.read_text())]


def share_rows(lab, options):
    agent = lab.agent
    for _ in range(10 if options.quick else 50):
        lab.ctl("a", "pull", "red")
        labs.wait_for("Missing", lambda: agent.status()["state"] == "Missing")
        lab.ctl("a", "plug", "red")
        labs.wait_for("Ready", lambda: agent.status()["state"] == "Ready")
    for event in ("plug", "pull"):
        yield Row(f"{event}_own_share_ms", statistics.median(own_share(agent, event)), "ms", 5)


# --- imports ------------------------------------------------------------------------------------------------------

def import_rows(lab, options):
    rounds = 3 if options.quick else 5
    yield Row("import_10000_documents_ms", *imports.measure(lab, "import", 10_000, rounds), 2)
    # 250 entries each: 40 signatures and 40 rows are next to nothing beside 10,000 entries of JSON that are read
    # strictly, judged and answered one by one. Shown, so that it does not grow unseen.
    yield Row("import_40_documents_ms", *imports.measure(lab, "import", 40, rounds), judged=False)


SECTIONS = {"import": import_rows, "status": status_rows, "share": share_rows, "verify": verify_rows, "fold": fold_rows, "idle": idle_rows,
            "start": start_rows}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="tools/dev bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="shorter runs, more noise")
    arguments.add_argument("--only", choices=SECTIONS, action="append", help="one part of it; repeatable")
    arguments.add_argument("--out", default="build/bench.json")
    options = arguments.parse_args()
    rows = []
    with labs.Lab() as lab:
        lab.create_vendor()
        lab.start_emulator(ports=("a", "import"))
        lab.create_key("red")
        lab.agent = labs.Agent(lab, "node-a", lab.port_socket("a"), peer=False).start()
        lab.ctl("a", "plug", "red")
        labs.wait_for("Ready", lambda: lab.agent.status()["state"] == "Ready")
        for name in options.only or SECTIONS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            rows.extend(SECTIONS[name](lab, options))
    print_table(rows)
    pathlib.Path(options.out).write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
