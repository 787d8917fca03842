"""What queries cost, held against nginx and a ping-pong on the same kind of socket (`tests/bench/run.py`)."""

import servers
from rows import Row


def body_bytes(agent, path: str = "/v1/status") -> int:
    return len(agent.request_text("GET", path).encode())


def status_rows(lab, options):
    agent, rounds = lab.agent, 8 if options.quick else 30
    size = body_bytes(agent)
    seconds = 0.25 if options.quick else 0.5
    ours = servers.Server(("--socket", agent.socket), agent.process.pid)
    nginx = lab.nginx(size)["unix"]
    many = servers.compare(lab, {"agent": ours, "nginx": nginx}, rounds, servers.SERVER_CPU, connections=64, seconds=seconds)
    pingpong = servers.start_pingpong(lab, size)
    one = servers.compare(lab, {"agent": ours, "nginx": nginx, "pingpong": pingpong}, rounds, servers.CLIENT_CPU,
                          seconds=seconds)
    servers.unpin(agent.process.pid)
    p50 = one["agent"]["p50_us"]
    yield Row("status_p50_unix_c1_vs_nginx", p50, "us", one["nginx"]["p50_us"])
    yield Row("status_p50_unix_c1_vs_pingpong", p50, "us", one["pingpong"]["p50_us"], judged=False)
    yield Row("status_rate_unix_c64_vs_nginx", many["agent"]["rate"], "requests/s", many["nginx"]["rate"], at_least=True)
