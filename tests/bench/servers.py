"""The servers that a bench asks, ours and those it is held against, and the load on them."""

import dataclasses
import json
import os
import pathlib
import subprocess

import lab as labs

SERVER_CPU, CLIENT_CPU = 0, os.cpu_count() - 1


@dataclasses.dataclass
class Server:
    where: tuple  # arguments of the load generator that say where it is
    pid: int


def threads(pid: int) -> list:
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def pin(pid: int, cpu: int):
    for thread in threads(pid):
        os.sched_setaffinity(thread, {cpu})


def unpin(pid: int):
    for thread in threads(pid):
        os.sched_setaffinity(thread, range(os.cpu_count()))


def load(lab, where: tuple, **options) -> dict:
    """One run of the load generator (tests/bench/load/tally.h); each request has to be answered as it should be."""
    arguments = [item for name, value in options.items() for item in (f"--{name}", value)]
    told = json.loads(lab.run("load_generator", *where, *arguments, timeout=600))
    if told["refused"]:
        raise labs.LabError(f"load_generator {' '.join(map(str, arguments))}: {told['refused']} {told['first_refusal']}")
    return told


def best(runs: list) -> dict:
    """Of interleaved rounds, what each server did when the machine disturbed it least."""
    quickest = {key: min(run[key] for run in runs) for key in ("p50_us", "p99_us")}
    return quickest | {"rate": max(run["rate"] for run in runs)}


def compare(lab, servers: dict, rounds: int, server_cpu: int, **options) -> dict:
    results = {name: [] for name in servers}
    for server in servers.values():
        pin(server.pid, server_cpu)
    for _ in range(rounds):
        for name, server in servers.items():
            results[name].append(load(lab, server.where, cpu=CLIENT_CPU, **options))
    return {name: best(runs) for name, runs in results.items()}


# --- yardsticks ---------------------------------------------------------------------------------------------------

def make_certificate(folder: pathlib.Path):
    """As the agent's own: ECDSA P-256."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def start_nginx(lab, body_bytes: int) -> dict:
    """`return 200` with a body of the same size, what a first-class server needs for the least answer; on a Unix socket,
    on TCP and on TLS."""
    folder = lab.dir / f"nginx-{body_bytes}"
    folder.mkdir()
    make_certificate(folder)
    tcp, tls = labs.free_tcp_port(), labs.free_tcp_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; "
        f"proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n"
        f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.3;\n"
        f"server {{ listen unix:{folder}/sock; listen 127.0.0.1:{tcp}; listen 127.0.0.1:{tls} ssl; "
        f"location / {{ return 200 '{'x' * body_bytes}'; }} }} }}\n")
    master = lab.spawn(["/usr/sbin/nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"], folder / "log")
    children = pathlib.Path(f"/proc/{master.pid}/task/{master.pid}/children")
    worker = labs.wait_for("nginx", lambda: (folder / "sock").exists() and children.read_text().split())
    places = {"unix": ("--socket", folder / "sock"), "tcp": ("--tcp", f"127.0.0.1:{tcp}"),
              "tls": ("--tcp", f"127.0.0.1:{tls}", "--tls", "--authority", folder / "cert.pem")}
    return {name: Server(where, int(worker[0])) for name, where in places.items()}


def start_pingpong(lab, body_bytes: int) -> Server:
    path = lab.dir / "pingpong.sock"
    server = lab.spawn(["pingpong_server", path, str(body_bytes)], lab.dir / "pingpong.log")
    labs.wait_for("pingpong_server", path.exists)
    return Server(("--socket", path), server.pid)
