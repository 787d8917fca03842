#!/usr/bin/env python3
"""The deployment that a browser test looks at: two paired agents on the network, emulated keys, people who may sign in.

Says as one line of JSON where it is, then does what each line of JSON on its standard input asks for and answers with a
line: `{"do": "plug", "key": "red", "port": "a"}` -> `{"result": null}` or `{"error": "..."}`. Ends with its input.
"""

import base64
import concurrent.futures
import contextlib
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402
from cards import Card, listening  # noqa: E402
from tcp_proxy import TcpProxy  # noqa: E402

PEOPLE = {"mary": "administrator", "otto": "operator", "vera": "viewer"}
PASSWORD = "correct horse battery"
KEYS = {"red": "kvm:cpu-socket:10", "green": "kvm:cpu-socket:20"}


class Deployment:
    """Every public method is something that a test may ask for."""

    def __init__(self, lab: labs.Lab):
        self._lab = lab
        lab.create_vendor()
        lab.start_emulator(ports=("a", "b"))
        self._keys = {name: lab.create_key(name, entry=entry) for name, entry in KEYS.items()}
        self._ports = {node: labs.free_tcp_port() for node in "ab"}
        # The keys settle at once, so that a test sees what a person sees 3 s later.
        self._nodes = {
            node: labs.Agent(lab, f"node-{node}", lab.port_socket(node), settle_s=0, extra=listening(port))
            for node, port in self._ports.items()}
        self._wire = TcpProxy(("127.0.0.1", self._ports["a"]))
        for agent in self._nodes.values():
            agent.start()
        self._nodes["b"].join(self._nodes["a"].invite())
        self.wait_linked()
        os.environ["LATCHKEY_PASSWORD"] = PASSWORD
        for name in PEOPLE:
            self.set_account(name)
        labs.wait_for("both nodes know who may sign in",
                      lambda: len(self._nodes["b"].get("/v1/server/accounts")["accounts"]) == len(PEOPLE))

    def about(self) -> dict:
        urls = {"a": f"https://{self._wire.address}", "b": f"https://127.0.0.1:{self._ports['b']}"}
        return {"urls": urls, "keys": self._keys,
                "password": PASSWORD, "people": PEOPLE, "dir": str(self._lab.dir)}

    def plug(self, key: str, port: str):
        self._lab.ctl(port, "plug", key)

    def pull(self, key: str, port: str):
        self._lab.ctl(port, "pull", key)

    def request(self, node: str, method: str, path: str, body=None):
        """As root on that node, over its Unix socket."""
        return self._nodes[node].request(method, path, body)

    def request_all(self, node: str, requests: list):
        """Many at once, `[method, path, body]` each: their commits are shared (docs/store.md)."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
            list(pool.map(lambda each: self._nodes[node].request(*each, timeout=60), requests))

    def cli(self, node: str, arguments: list) -> str:
        return self._nodes[node].cli(*arguments)

    def set_account(self, name: str, node: str = "a"):
        """Sets it anew, which ends its sessions on that node."""
        self._nodes[node].cli("server", "account", "set", name, "--role", PEOPLE[name])

    def issue(self, name: str, entries: list, key: str = "", request: str = "a", options: list = ()) -> str:
        """A license in a file, for that key, or for the deployment that the request key of that node (or file) describes."""
        binding = ("--key-id", self._keys[key]) if key else ("--request-key", self.request_key(request))
        lines = [word for entry in entries for word in ("--entry", entry)]
        self._lab.vendor("issue", "--issuer", "issuer", *binding, *lines, "--id", name, "--customer", "Lab", *options,
                         *(() if "--days" in options else ("--days", 400)), "--output", f"{name}.license")
        return str(self._lab.vendor_dir / f"{name}.license")

    def order(self, name: str, licenses: list) -> str:
        """Many licenses in one package, each a list of `[object, unit, kind, quantity, how many such entries]`."""
        entry = '[[license.entry]]\nobject = "{}"\nunit = "{}"\nkind = "{}"\nquantity = {}\n'
        text = 'customer = "Lab"\n' + "".join(
            f'[[license]]\nrequest-key = "{self.request_key("a")}"\ndays = 400\n' + "".join(
                entry.format(*kind) * count for *kind, count in entries) for entries in licenses)
        (self._lab.vendor_dir / f"{name}.toml").write_text(text)
        self._lab.vendor("issue", "--issuer", "issuer", "--order", f"{name}.toml", "--output", f"{name}.tar.gz")
        return str(self._lab.vendor_dir / f"{name}.tar.gz")

    def package(self, name: str, files: list) -> str:
        self._lab.vendor("package", *files, "--output", f"{name}.tar.gz")
        return str(self._lab.vendor_dir / f"{name}.tar.gz")

    def request_key(self, node: str) -> str:
        if node not in self._nodes:
            return node
        self._wait_described(self._nodes[node])
        file = self._lab.dir / f"{node}.request"
        self._nodes[node].cli("request-key", "-o", file)
        return str(file)

    def foreign_request_key(self) -> str:
        """Of a machine that has nothing to do with this deployment."""
        stranger = labs.Agent(self._lab, "stranger", self._lab.port_socket("desk"), peer=False).start()
        self._wait_described(stranger)
        file = self._lab.dir / "stranger.request"
        stranger.cli("request-key", "-o", file)
        stranger.stop()
        return str(file)

    def _wait_described(self, agent: labs.Agent):
        def covers_all():
            payload = json.loads(base64.b64decode(agent.get("/v1/request-key")["payload"]))
            return all(node["factors"] for node in payload["nodes"])
        labs.wait_for("every node has told of its machine", covers_all)

    def enrol(self, role: str):
        """An identity `the-ROLE`."""
        Card.enrol(self._nodes["a"], self._ports["a"], role)

    def cut(self):
        """The way to node a: nothing gets through, and nobody is told."""
        self._wire.cut()

    def heal(self):
        """What was on its way is broken off; new connections come through."""
        self._wire.heal()

    def kill(self, node: str):
        self._nodes[node].kill()

    def start(self, node: str):
        self._nodes[node].start()

    def wait_linked(self):
        labs.wait_for("the nodes are linked", lambda: all(a.status()["peer"] == "reachable" for a in self._nodes.values()))


def attend(deployment: Deployment):
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"result": getattr(deployment, order.pop("do"))(**order)}
        except (labs.LabError, OSError, TypeError, AttributeError, KeyError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def main():
    with contextlib.suppress(KeyboardInterrupt), labs.Lab() as lab:
        deployment = Deployment(lab)
        print(json.dumps(deployment.about()), flush=True)
        attend(deployment)


if __name__ == "__main__":
    main()
