"""What an import of 10,000 entries costs (`tests/bench/run.py`, section `import`)."""

import json
import shutil
import statistics
import time

import lab as labs

ENTRIES = 10_000


def order(documents: int) -> str:
    """File licenses with together 10,000 entries."""
    entry = '[[license.entry]]\nobject = "kvm"\nunit = "cpu-socket"\nquantity = 1\n'
    license = '[[license]]\nrequest-key = "request.json"\ndays = 365\n' + entry * (ENTRIES // documents)
    return 'customer = "Bench"\n' + license * documents


def covered(agent, request_key) -> bool:
    told = json.loads(agent.cli("--json", "request-key", "--output", request_key))
    return all(node["covered"] for node in told["nodes"])


def package(lab, agent, text: str) -> bytes:
    """What the vendor makes of that order, for the deployment of that agent."""
    request_key = lab.vendor_dir / "request.json"
    labs.wait_for("a request key that tells the machine", lambda: covered(agent, request_key))
    (lab.vendor_dir / "order.toml").write_text(text)
    lab.vendor("issue", "--issuer", "issuer", "--order", "order.toml", "--output", "all.tar.gz")
    return (lab.vendor_dir / "all.tar.gz").read_bytes()


def upload(agent, body: bytes) -> float:
    """Milliseconds until the agent answers that all of it is installed and durable."""
    connection = labs.UnixConnection(agent.socket, timeout=120)
    begin = time.perf_counter()
    connection.request("POST", "/v1/licenses", body, {"Content-Type": "application/gzip"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    took = (time.perf_counter() - begin) * 1e3
    connection.close()
    if answer.status != 200 or told["succeeded"] != ENTRIES or told["failed"] != 0:
        raise labs.LabError(f"import: {answer.status} {str(told)[:500]}")
    return took


def measure(lab, port: str, documents: int, rounds: int) -> tuple[float, str, float]:
    """Medians with their unit: the import through a real agent, and what it cannot do without; interleaved."""
    agent = labs.Agent(lab, f"import-{documents}", lab.port_socket(port), peer=False).start()
    body = package(lab, agent, order(documents))
    agent.stop()
    state, before = agent.dir / "state", agent.dir / "before"
    state.rename(before)
    ours, yardsticks = [], []
    for _ in range(rounds):
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(before, state)
        agent.start()
        ours.append(upload(agent, body))
        agent.stop()
        least = json.loads(lab.run("import_yardstick", state / "latchkey.db", lab.vendor_dir / "issuer.pub",
                                   agent.dir / "scratch.db"))
        if least["documents"] != documents:
            raise labs.LabError(f"import: {documents} documents sent, {least['documents']} stored")
        yardsticks.append(least["verify_ms"] + least["write_ms"])
    return statistics.median(ours), "ms", statistics.median(yardsticks)
