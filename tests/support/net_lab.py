"""Machines on a network of their own: namespaces on a bridge, with keepalived to move an address among them.

The process that calls `alone()` becomes the first of a process namespace: with it the kernel ends whatever runs in it,
and with that the network goes, also when a test is killed.
"""

import contextlib
import os
import shutil
import subprocess
import sys

import lab as labs

BRIDGE = "clients"
VIP = "10.77.0.10"
INSIDE = "LATCHKEY_NET_LAB"


def alone():
    """Starts this program anew in namespaces of its own. What forbids that is an error, and not a reason to skip."""
    if os.environ.pop(INSIDE, None):
        return
    os.environ[INSIDE] = "yes"
    os.execvp("unshare", ["unshare", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, *sys.argv])


def ip(*arguments, prefix: tuple = ()) -> str:
    done = subprocess.run([*prefix, "ip", *map(str, arguments)], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise labs.LabError(f"ip {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def bridge():
    """Where the consumers are: the namespace of this process."""
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("address", "add", "10.77.0.100/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    yield
    ip("link", "delete", BRIDGE)


class Machine:
    """A namespace with a wire to the bridge, and keepalived."""

    def __init__(self, lab: labs.Lab, name: str, number: int):
        self.lab, self.name = lab, name
        self.dir = lab.dir / f"machine-{name}"
        self.dir.mkdir()
        self.port = f"{self.dir.parent.name[-8:]}-{name}"  # the bridge's end of the wire; each lab has its own
        self.holder = lab.spawn([shutil.which("unshare"), "--net", "sleep", "infinity"], self.dir / "log")
        self.prefix = (shutil.which("nsenter"), "--target", str(self.holder.pid), "--net")
        labs.wait_for(f"{name} has a namespace", self._has_namespace)
        ip("link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.holder.pid)
        ip("link", "set", self.port, "master", BRIDGE, "up")
        self.ip("link", "set", "lo", "up")
        self.ip("address", "add", f"10.77.0.{number}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")
        self.mac = self.ip("-br", "link", "show", "eth0").split()[2]
        self.keepalived: subprocess.Popen | None = None
        self.prefer(False)
        self._configure_keepalived()

    def _has_namespace(self) -> bool:
        def namespace(process):
            return os.readlink(f"/proc/{process}/ns/net")
        return namespace(self.holder.pid) != namespace("self")

    def ip(self, *arguments) -> str:
        return ip(*arguments, prefix=self.prefix)

    def join_to(self, other: "Machine"):
        """A second wire between the two, for the agents' link."""
        self.ip("link", "add", "peer0", "type", "veth", "peer", "name", "peer0", "netns", other.holder.pid)
        for number, machine in enumerate((self, other), 1):
            machine.ip("address", "add", f"10.78.0.{number}/24", "dev", "peer0")
            machine.ip("link", "set", "peer0", "up")

    def set_peer_wire(self, up: bool):
        self.ip("link", "set", "peer0", "up" if up else "down")

    def set_wire(self, up: bool):
        ip("link", "set", self.port, "up" if up else "down")

    def set_isolated(self, isolated: bool):
        """The consumers can be reached, other isolated machines cannot."""
        ip("link", "set", self.port, "type", "bridge_slave", "isolated", "on" if isolated else "off")

    # --- the address

    def _configure_keepalived(self):
        (self.dir / "keepalived.conf").write_text(f"""
track_file preferred {{
  file {self.dir}/preferred
  weight 1
}}
vrrp_instance latchkey {{
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  version 3
  advert_int 0.1
  track_file {{ preferred }}
  virtual_ipaddress {{ {VIP}/32 }}
}}
""")

    def start_keepalived(self):
        pids = [item for option in "prc" for item in (f"-{option}", self.dir / f"{option}.pid")]
        command = [*self.prefix, "keepalived", "-D", "-n", "-l", "-f", self.dir / "keepalived.conf", *pids]
        self.keepalived = self.lab.spawn(command, self.dir / "keepalived.log")

    def restart_keepalived(self):
        """After its end, which it takes a second for."""
        self.keepalived.wait(timeout=30)
        self.start_keepalived()

    def prefer(self, preferred: bool):
        (self.dir / "preferred").write_text("50\n" if preferred else "0\n")

    def has_address(self) -> bool:
        return f" {VIP}/" in self.ip("-br", "address", "show", "eth0")


def send_consumers_to(machine: Machine, always: bool = True):
    """Whoever has the address; not `always`: until the network says otherwise."""
    ip("neighbour", "replace", VIP, "lladdr", machine.mac, "dev", BRIDGE, "nud", "permanent" if always else "stale")
