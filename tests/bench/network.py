"""What TLS on 8201 costs, held against nginx on the same kind of socket (`tests/bench/run.py`, section `network`)."""

import os
import pathlib
import re
import subprocess

import lab as labs
import leases
import queries
import servers
from cards import Card, listening
from rows import Row

IDLE = 2000


def rss(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def idle_bytes(lab, server: servers.Server) -> float:
    """Resident memory of the server for one connection that says nothing."""
    descriptors = lambda: len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: E731
    before, descriptors_before = rss(server.pid), descriptors()
    command = [lab.bin / "load_generator", *server.where, "--hold", "--connections", IDLE, "--path", "/health/live"]
    crowd = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        labs.wait_for("idle connections", lambda: descriptors() >= descriptors_before + IDLE, timeout=120)
        return (rss(server.pid) - before) / IDLE
    finally:
        crowd.kill()
        crowd.wait()
        crowd.stdin.close()


def network_rows(lab, options):
    rounds, seconds = (8, 0.4) if options.quick else (25, 0.5)
    port = labs.free_tcp_port()
    held = leases.LeaseServer(lab, "network", listening(port))
    ours = servers.Server(Card.enrol(held.agent, port, "administrator").where, held.agent.process.pid)
    held.fill(64)
    for name, path in (("status", "/v1/status"), ("lease", "/v1/consumers/load-0000000")):
        nginx = lab.nginx(queries.body_bytes(held.agent, path))["tls"]
        both, asked = {"agent": ours, "nginx": nginx}, {"path": path, "seconds": seconds}
        many = servers.compare(lab, both, rounds, servers.SERVER_CPU, connections=64, **asked)
        one = servers.compare(lab, both, rounds, servers.CLIENT_CPU, **asked)
        for server in both.values():
            servers.unpin(server.pid)
        yield Row(f"{name}_tcp_c64_vs_nginx", many["agent"]["rate"], "requests/s", many["nginx"]["rate"], at_least=True)
        yield Row(f"{name}_p50_tcp_c1_vs_nginx", one["agent"]["p50_us"], "us", one["nginx"]["p50_us"])
    yield Row("idle_tls_bytes_vs_nginx", idle_bytes(lab, ours), "bytes", idle_bytes(lab, nginx), judged=False)
