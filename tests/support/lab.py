"""A deployment on this machine for tests, the tour and the benchmarks: vendor keys, emulated USB keys, agents.

Everything lives in one temporary folder and dies with this process. Needs only the Python standard library and the
binaries of a build.
"""

import contextlib
import ctypes
import grp
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def default_bin() -> pathlib.Path:
    return pathlib.Path(os.environ.get("LATCHKEY_BIN", ROOT / "build/dev/bin"))


class LabError(Exception):
    """The deployment did not do what the caller needs of it."""


def wait_for(what: str, probe, timeout: float = 15, pause: float = 0.01):
    """Polls until `probe` returns something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"timeout after {timeout:g} s: {what}")
        time.sleep(pause)


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """HTTP/1.1 over the agent's Unix socket."""

    def __init__(self, path, timeout=5):
        super().__init__("agent", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """One node: its folder, its configuration, its process."""

    def __init__(self, lab, name: str, port_socket, **options):
        self.lab, self.name = lab, name
        self.dir = lab.dir / name
        self.dir.mkdir()
        self.socket = self.dir / "agent.sock"
        self.config = self.dir / "agent.toml"
        self.log = self.dir / "agent.log"
        self.process = None
        self.environment: dict[str, str] = {}
        self.prefix: tuple = ()  # of its command: what puts it elsewhere than this process is
        # The machine that the node is, as systemd hands it to an agent: a container may have nothing to tell.
        self.machine = self.dir / "machine"
        self.machine.mkdir()
        (self.machine / "product_uuid").write_text(str(uuid.uuid4()))
        self.config.write_text(self._toml(port_socket, **options))

    def _toml(self, port_socket, settle_s=3, hold_s=30, rescan_s=30, deadline_ms=3000, peer=True, extra="",
              address="") -> str:
        group = grp.getgrgid(os.getgid()).gr_name
        address = address or f"127.0.0.1:{free_tcp_port()}"
        keys = self.lab.management_keys
        key_lines = f'piv_management_keys = "{keys}"\n' if keys.exists() else ""
        peer_lines = f'listen = "{address}"\nadvertise = "{address}"\n' if peer else ""
        return (
            f'state_dir = "{self.dir}/state"\n'
            f'[node]\nname = "{self.name}"\n'
            f'[api]\nsocket = "{self.socket}"\nviewer_group = "{group}"\nadmin_group = "{group}"\n'
            f'consumer_group = "{group}"\n'
            f"[keys]\nudev = false\nsettle_s = {settle_s}\nrescan_s = {rescan_s}\n"
            f'call_deadline_ms = {deadline_ms}\nemulated_port = "{port_socket}"\n{key_lines}'
            f'[trust]\nroots = ["{self.lab.root_key}"]\nbundle = "{self.lab.bundle}"\n'
            f"[peer]\n{peer_lines}hold_s = {hold_s}\n"
            f'[log]\nlevel = "info"\n{extra}'
        )

    def start(self, wait: bool = True):
        command = [*self.prefix, self.lab.bin / "latchkey-agent", "--config", self.config]
        environment = {"CREDENTIALS_DIRECTORY": str(self.machine)} | self.environment
        self.process = self.lab.spawn(command, self.log, environment)
        if wait:
            wait_for(f"{self.name} answers", self.answers)
        return self

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise LabError(f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(self.status())
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=10)

    def restart(self):
        self.stop()
        return self.start()

    def request(self, method: str, path: str, body: dict | bytes | None = None, timeout: float = 5) -> dict:
        return json.loads(self.request_text(method, path, body, timeout))

    def request_text(self, method: str, path: str, body: dict | bytes | None = None, timeout: float = 5) -> str:
        connection = UnixConnection(self.socket, timeout)
        try:
            content = json.dumps(body) if isinstance(body, dict) else body
            connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise LabError(f"{self.name}: {method} {path}: {answer.status} {text[:300]!r}")
            return text.decode()
        finally:
            connection.close()

    def get(self, path: str) -> dict:
        return self.request("GET", path)

    def status(self) -> dict:
        return self.get("/v1/status")

    def post(self, path: str, body: dict | bytes | None = None, timeout: float = 5) -> dict:
        return self.request("POST", path, body, timeout)

    def invite(self) -> str:
        return self.cli("peer", "invite").strip()

    def join(self, token: str):
        self.cli("peer", "join", token)

    def cli(self, *arguments: str) -> str:
        return self.lab.run("latchkey", "--socket", str(self.socket), *arguments)


class Lab:
    """`with Lab() as lab:` creates the vendor's keys; keys, emulator and agents are added by the caller."""

    def __init__(self, binaries=None):
        self.bin = pathlib.Path(binaries or default_bin())
        # Unix socket paths end at 107 characters, so never under a build folder that may lie deep.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-", dir=os.environ.get("XDG_RUNTIME_DIR")))
        self.children: list[subprocess.Popen] = []
        self.vendor_dir = self.dir / "vendor"
        self.root_key = self.vendor_dir / "root.pub"
        self.bundle = self.vendor_dir / "bundle.json"
        self.management_keys = self.vendor_dir / "management-keys"

    # --- the vendor ---

    def vendor(self, *arguments) -> str:
        environment = os.environ | {"LATCHKEY_PASSPHRASE": "a lab has no secrets"}
        return self.run("latchkey-vendor", *arguments, cwd=self.vendor_dir, env=environment)

    def create_vendor(self):
        """A root key, an issuing key, and the trust bundle that ties them."""
        self.vendor_dir.mkdir()
        self.vendor("root", "create", "--output", "root")
        self.vendor("issuer", "create", "--name", "lab", "--output", "issuer", "--days", 3650)
        self.vendor("trust", "sign", "--root", "root", "--issuer", "issuer", "--output", self.bundle)

    def create_key(self, name: str, days: int = 365, piv: bool = False, entry: str = "kvm:cpu-socket:10") -> str:
        """A new emulated key with a license, not plugged in; its key ID. `piv`: a stock token that was prepared."""
        self.ctl("desk", "create", name, *(["--piv"] if piv else []))
        self.ctl("desk", "plug", name)
        device = ("--emulated", self.port_socket("desk"), "--id", name)
        if piv:
            key_id = self.vendor("prepare", *device, "--management-key-out", self.management_keys).strip()
            keys = ("--management-keys", self.management_keys)
        else:
            key_id = self.vendor("key-id", *device).strip()
            keys = ()
        file = self.issue(name, key_id, days, entry)
        self.vendor("provision", file, *device, *keys, "--root", "root.pub", "--bundle", self.bundle)
        self.ctl("desk", "pull", name)
        return key_id

    def issue(self, name: str, key_id: str, days: int = 365, entry: str = "kvm:cpu-socket:10") -> pathlib.Path:
        """A license for that key, in a file."""
        file = self.vendor_dir / f"{name}.license"
        self.vendor("issue", "--issuer", "issuer", "--key-id", key_id, "--entry", entry,
                    "--customer", "Lab", "--days", days, "--output", file)
        return file

    # --- emulated keys ---

    def start_emulator(self, ports):
        """One socket per port. The vendor provisions keys on a port of its own, the desk."""
        sockets = [f"--port={name}={self.port_socket(name)}" for name in (*ports, "desk")]
        log = self.dir / "emulator.log"
        self.spawn(["latchkey-emulator", "serve", "--state", self.dir / "keys", *sockets], log)
        wait_for("the emulator is ready", lambda: "ready" in log.read_text())

    def port_socket(self, port: str) -> pathlib.Path:
        return self.dir / f"port-{port}.sock"

    def ctl(self, port: str, *arguments: str) -> dict:
        """What `latchkey-emulator ctl` does, without the cost of a process."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(5)
            connection.connect(str(self.port_socket(port)))
            connection.send(json.dumps({"op": "command", "args": arguments}).encode())
            answer = json.loads(connection.recv(1 << 17))
        if "code" in answer:
            raise LabError(f"emulator: {' '.join(arguments)}: {answer}")
        return answer

    def ctl_line(self, port: str, *arguments: str) -> str:
        """The same as a person would type it."""
        return f"{self.bin}/latchkey-emulator ctl {self.port_socket(port)} {' '.join(arguments)}"

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: exit(143))
        return self

    def __exit__(self, kind, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if kind and os.environ.get("LATCHKEY_KEEP"):
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def spawn(self, command, log, environment=None) -> subprocess.Popen:
        libc = ctypes.CDLL(None)
        with open(log, "ab") as output:
            child = subprocess.Popen(
                [self.bin / command[0], *command[1:]], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=os.environ | (environment or {}), preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.children.append(child)
        return child

    def run(self, program: str, *arguments, timeout: float = 30, **options) -> str:
        """Runs one of our programs to its end; its standard output."""
        done = subprocess.run([self.bin / program, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, **options)
        if done.returncode != 0:
            raise LabError(f"{program} {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout
