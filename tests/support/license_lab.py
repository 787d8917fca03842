"""What the tests of renewal share: two agents, a key, and licenses that can be told apart."""

import datetime
import json
import pathlib
import subprocess
import unittest

import lab as labs

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
KNOWN = 200  # objects in the catalogue of the lab's vendor (SPEC LIC-11)


def catalog(objects: int) -> str:
    return '[units]\ncpu-socket = { one = "CPU socket", many = "CPU sockets" }\n' + "".join(
        f'[objects.object-{n}]\nname = "Object {n}"\nkind = "base"\nunits = ["cpu-socket"]\n' for n in range(objects))


def rfc3339(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class LicenseTest(unittest.TestCase):
    """A vendor, two keys and two agents that are not started yet."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.red = self.lab.create_key("red")
        self.catalog = self.lab.dir / "catalog.toml"
        self.catalog.write_text(catalog(KNOWN))
        self.agents = {port: labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0,
                                        rescan_s=1, extra=f'[catalog]\nfile = "{self.catalog}"\n') for port in "ab"}
        self.a, self.b = self.agents.values()
        self.issued = 0

    def pair(self):
        self.a.start()
        self.b.start()
        self.b.join(self.a.invite())
        self.wait("both nodes are linked", lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)))

    def issue(self, key_id: str, name: str, issuer="issuer", begin=NOW, days=400, issued=None, entries=1) -> pathlib.Path:
        """A license issued a second after the one before, all of them after the key's first one."""
        self.issued += 1
        issued = issued or NOW + HOUR + datetime.timedelta(seconds=self.issued)
        kinds = [item for n in range(entries) for item in ("--entry", f"object-{n}:cpu-socket:{n + 1}")]
        self.lab.vendor("issue", "--issuer", issuer, "--key-id", key_id, "--id", name, "--customer", "Lab", *kinds,
                        "--issued", rfc3339(issued), "--not-before", rfc3339(begin), "--days", str(days),
                        "--output", f"{name}.license")
        return self.lab.vendor_dir / f"{name}.license"

    def install(self, node, file) -> dict:
        return json.loads(node.cli("--json", "license", "install", str(file)))

    def refusal(self, node, file) -> str:
        """The code of the refusal; it has a message, a cure and exit code 1 (docs/cli.md)."""
        done = subprocess.run([self.lab.bin / "latchkey", "--socket", node.socket, "--json", "license", "install", file],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done)
        error = json.loads(done.stdout)["error"]
        self.assertTrue(error["message"] and error["cure"], error)
        return error["code"]

    def wait(self, what: str, probe, timeout: float = 20):
        try:
            return labs.wait_for(what, probe, timeout)
        except labs.LabError as error:
            running = [n for n in (self.a, self.b) if n.process and n.process.poll() is None]
            told = [f"{json.dumps(n.status())}\n{n.log.read_text()[-3000:]}" for n in running]
            raise AssertionError("\n".join((str(error), *told))) from error

    def license_of(self, node) -> str | None:
        return (node.status()["license"] or {}).get("id")

    def wait_license(self, name: str, *nodes):
        for node in nodes:
            self.wait(f"{node.name} uses {name}", lambda node=node: self.license_of(node) == name)

    def stored(self, node) -> str | None:
        keys = node.status()["keys"]
        return keys[0]["license_stored"] if keys else None

    def wait_on_key(self, node):
        self.wait("the key carries the license", lambda: self.stored(node) in ("key", "both"))

    def forget(self, node):
        for file in (node.dir / "state").glob("latchkey.db*"):
            file.unlink()

    def create_token(self, name: str, keep_management_key: bool, *kind: str) -> str:
        """A PIV token that is a license key without a license, not plugged in; its key ID. Agents that start from now
        on may write it if its management key was kept."""
        kept = self.lab.dir / f"{name}.keys"
        self.lab.ctl("desk", "create", name, "--piv", *kind)
        self.lab.ctl("desk", "plug", name)
        self.lab.vendor("prepare", "--emulated", self.lab.port_socket("desk"), "--id", name, "--management-key-out", kept)
        key_id = self.lab.vendor("key-id", "--emulated", self.lab.port_socket("desk"), "--id", name).strip()
        self.lab.ctl("desk", "pull", name)
        for node in self.agents.values() if keep_management_key else ():
            toml = node.config.read_text()
            node.config.write_text(toml.replace("[keys]\n", f'[keys]\npiv_management_keys = "{kept}"\n'))
        return key_id
