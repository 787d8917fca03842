#!/usr/bin/env python3
"""A two-node deployment with emulated keys on this machine (`tools/dev run`), and the tour through its states.

Without --tour and on a terminal: stays until Ctrl-C. Else plays the tour, whose exit code is 0 only if both nodes
reported each state as SPEC.md says.
"""

import argparse
import dataclasses
import datetime
import os
import pathlib
import secrets
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/support"))
import lab as labs  # noqa: E402
from cards import listening  # noqa: E402

DAY = datetime.timedelta(days=1)
KEYS = ("red", "green")
TOKEN = "token"  # a stock PIV token
ADMINISTRATOR = "admin"
MODULE = "disaster-recovery:vm:200:module"
PREPOSITION = {"plug": "into", "pull": "from", "renew": "on", "order": "on"}


@dataclasses.dataclass
class Expected:
    """What both nodes must say. `key` and `buffer_of` name a key; empty: none."""

    state: str
    reason: str = ""
    key: str = ""
    usable: bool = True
    buffer_of: str = ""
    buffer_days: int = 0


@dataclasses.dataclass
class Step:
    title: str
    actions: list
    expected: Expected


TOUR = [
    Step("Nothing was ever plugged in", [],
         Expected("Missing", "never-inserted", usable=False)),  # KEY-4
    Step("A key goes into node-a", [("plug", "red", "a")],
         Expected("Ready", key="red")),  # KEY-2, KEY-6
    Step("A second key goes into node-b", [("plug", "green", "b")],
         Expected("Abnormal", "keys-on-both-nodes", key="red")),  # KEY-5
    Step("The second key moves to node-a: two on one node", [("pull", "green", "b"), ("plug", "green", "a")],
         Expected("Fault", "multiple-keys", buffer_of="red", buffer_days=30)),  # KEY-2, BUF-2
    Step("Both keys are pulled", [("pull", "green", "a"), ("pull", "red", "a")],
         Expected("Missing", "removed", buffer_of="red", buffer_days=30)),  # BUF-8, BUF-11
    Step("The first key is plugged into node-b", [("plug", "red", "b")],
         Expected("Ready", key="red")),  # KEY-7, BUF-7
    Step("A stock PIV token takes its place", [("pull", "red", "b"), ("plug", TOKEN, "a")],
         Expected("Ready", key=TOKEN)),  # KEY-9
    Step("Its license is renewed from the other node", [("renew", TOKEN, "b")],
         Expected("Ready", key=TOKEN)),  # LIC-8, LIC-10
    Step("A module is ordered with the request key and comes in a file", [("order", MODULE, "a")],
         Expected("Ready", key=TOKEN)),  # REQ-1, LIC-1, LIC-10
]


def parse_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def seen(status: dict, names: dict) -> Expected:
    """A status body in the terms of the tour."""
    buffer = status["buffer"] or {}
    days = (parse_time(buffer["until"]) - parse_time(buffer["since"])) / DAY if buffer else 0
    return Expected(status["state"], status["reason"], names.get(status["key"], status["key"]), status["usable"],
                    names.get(buffer.get("key"), ""), round(days))


def countdown(status: dict) -> str:
    buffer = status["buffer"]
    if not buffer:
        return ""
    left = parse_time(buffer["until"]) - parse_time(status["time"])
    hours, rest = divmod(left.seconds, 3600)
    return f"buffer until {buffer['until']} ({left.days} d {hours} h {rest // 60} min left)"


def describe(name: str, status: dict, names: dict) -> str:
    key = names.get(status["key"])
    parts = [f"{status['state']:<8}", f"{status['reason'] or '-':<18}",
             f"key {key or '-':<5}", "usable" if status["usable"] else "NOT usable", countdown(status)]
    return f"    {name}  " + "  ".join(parts).rstrip()


def play(deployment, step: Step) -> bool:
    for action in step.actions:
        deployment.act(*action)
    agents, names = deployment.agents, deployment.names

    def settled():
        statuses = [agent.status() for agent in agents]
        return statuses if all(seen(s, names) == step.expected for s in statuses) else None

    try:
        statuses = labs.wait_for(step.title, settled)
    except labs.LabError:
        statuses = [agent.status() for agent in agents]
    wrong = [s for s in statuses if seen(s, names) != step.expected]
    for agent, status in zip(agents, statuses):
        print(describe(agent.name, status, names))
    for status in wrong:
        print(f"    WRONG: expected {step.expected}\n           but got {seen(status, names)}")
    return not wrong


def tour(deployment) -> bool:
    good = True
    for number, step in enumerate(TOUR, 1):
        print(f"\n{number}. {step.title}")
        good = play(deployment, step) and good
    print("\nThe tour ends: " + ("every state on both nodes is as SPEC.md says." if good else "FAILED."))
    return good


class Deployment:
    """Two paired agents, one emulated port each, two HID keys and a PIV token, provisioned, that lie beside them."""

    def __init__(self, lab):
        self.lab = lab
        lab.create_vendor()
        lab.start_emulator(ports=("a", "b"))
        self.names = {lab.create_key(name): name for name in KEYS}
        self.names[lab.create_key(TOKEN, piv=True)] = TOKEN
        self.ports = [labs.free_tcp_port() for _ in ("a", "b")]
        self.agents = [labs.Agent(lab, f"node-{p}", lab.port_socket(p), extra=listening(port)).start()
                       for p, port in zip(("a", "b"), self.ports)]
        self.pair()
        self.password = os.environ["LATCHKEY_PASSWORD"] = secrets.token_urlsafe(12)
        self.agents[0].cli("server", "account", "set", ADMINISTRATOR, "--role", "administrator")

    def pair(self):
        first, second = self.agents
        token = first.invite()
        second.join(token)
        labs.wait_for("the nodes are linked", lambda: all(a.status()["peer"] == "reachable" for a in self.agents))

    def act(self, verb: str, key: str, port: str):
        print(f"    {verb} {key} ({PREPOSITION[verb]} node-{port})", flush=True)
        if verb == "renew":
            self.renew(key, self.agents["ab".index(port)])
        elif verb == "order":
            self.order(key, self.agents["ab".index(port)])
        else:
            self.lab.ctl(port, verb, key)

    def renew(self, key: str, agent):
        """What vendor and administrator do: a license for the key ID, installed on any node."""
        key_id = next(i for i, name in self.names.items() if name == key)
        file = self.lab.issue(f"{key}-renewed", key_id, days=730)
        print(textwrap.indent(agent.cli("license", "install", str(file)), " " * 8), end="")

    def order(self, entry: str, agent):
        """The same without a USB key: bound to both nodes, and on both of them when it is installed."""
        request, file = self.lab.dir / "request.json", self.lab.vendor_dir / "module.license"
        agent.cli("request-key", "-o", request)
        self.lab.vendor("issue", "--issuer", "issuer", "--request-key", request, "--entry", entry, "--customer", "Lab",
                        "--id", "L-module", "--days", 365, "--output", file)
        print(textwrap.indent(agent.cli("license", "install", str(file)), " " * 8), end="")
        for node in self.agents:
            labs.wait_for(f"{node.name} lists it", lambda node=node: "L-module" in node.cli("license", "list"))

    def show(self):
        print("Two paired Latchkey agents with emulated USB keys run on this machine.\n")
        for agent, port in zip(self.agents, self.ports):
            print(f"  {agent.name}: page   https://127.0.0.1:{port}/\n          socket {agent.socket}\n          log    {agent.log}")
        print(f"\nThe page takes: {ADMINISTRATOR}, password {self.password}. Its certificate is of the deployment's own CA, which the\n"
              "browser does not know: `latchkey server ca` prints it.")
        print("\nKeys (each provisioned with a license): " + ", ".join(f"{n} {i}" for i, n in self.names.items()))
        print(f"\nLook:        {self.lab.bin}/latchkey --socket {self.agents[0].socket} status")
        print(f"Plug a key:  {self.lab.ctl_line('a', 'plug', 'red')}")
        print(f"Pull a key:  {self.lab.ctl_line('a', 'pull', 'red')}\n")
        for agent in self.agents:
            print(describe(agent.name, agent.status(), self.names), flush=True)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="tools/dev run", description=__doc__)
    arguments.add_argument("--tour", action="store_true", help="play the tour and exit")
    options = arguments.parse_args()
    with labs.Lab() as lab:
        deployment = Deployment(lab)
        deployment.show()
        if options.tour or not sys.stdin.isatty():
            return 0 if tour(deployment) else 1
        print("\nCtrl-C ends it.", flush=True)
        try:
            while all(child.poll() is None for child in lab.children):
                time.sleep(0.5)
        except KeyboardInterrupt:
            print()
            return 0
        print("An agent or the emulator ended by itself; see the logs above.")
        return 1


if __name__ == "__main__":
    sys.exit(main())
