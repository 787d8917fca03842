#!/usr/bin/env python3
"""Measures what the project promises and compares it (`tools/dev bench`).

Writes [{name, value, unit, limit, ratio}]: `value` is ours, `limit` what it is held against in the same unit, either a
yardstick measured in the same run (nginx, openssl) or a promised figure; `ratio` is value / limit. `bound` says what
the ratio may be and `ok` whether it is. Names are stable.
"""

import argparse
import functools
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import imports  # noqa: E402
import lab as labs  # noqa: E402
import leases  # noqa: E402
import network  # noqa: E402
import pages  # noqa: E402
import queries  # noqa: E402
import servers  # noqa: E402
from rows import Row, print_table  # noqa: E402
from servers import CLIENT_CPU, threads  # noqa: E402


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


SECTIONS = {"import": import_rows, "status": queries.status_rows, "network": network.network_rows, "leases": leases.lease_rows,
            "million": leases.million_rows, "pages": pages.page_rows, "share": share_rows, "verify": verify_rows, "fold": fold_rows, "idle": idle_rows, "start": start_rows}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="tools/dev bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="shorter runs, more noise")
    arguments.add_argument("--only", choices=SECTIONS, action="append", help="one part of it; repeatable")
    arguments.add_argument("--out", default="build/bench.json")
    options = arguments.parse_args()
    rows = []
    with labs.Lab() as lab:
        lab.nginx = functools.cache(lambda body_bytes: servers.start_nginx(lab, body_bytes))
        lab.create_vendor()
        lab.start_emulator(ports=("a", "import", "network", "pages", "leases", "lease-1k", "lease-100k", "lease-1m"))
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
