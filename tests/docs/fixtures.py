"""What a document may take for granted: it names these at its top, in this order (docs/README.md)."""

import pathlib
import shutil
import time

import lab as labs
import machines


class Fixtures:
    def __init__(self, lab: labs.Lab):
        self.lab = lab
        self.machines: dict[str, machines.Machine] = {}
        self.pair: tuple = ()
        self.devices: dict[str, str] = {}  # /dev/… -> the emulated key that stands in for one of plastic there

    def machine(self, name: str) -> machines.Machine:
        if name not in self.machines:
            home = self.lab.vendor_dir if name == "vendor" and self.lab.vendor_dir.exists() else None
            self.machines[name] = machines.Machine(self.lab, name, home)
        return self.machines[name]

    def set_up(self, fixture: str):
        what, _, value = fixture.partition(":")
        getattr(self, f"set_up_{what}")(*value.split(",") if value else [])

    def set_up_vendor(self):
        """A root key, an issuing key and a bundle, in the vendor's folder."""
        self.lab.create_vendor()

    def set_up_ports(self, *names: str):
        """Emulated USB ports of these machines."""
        self.lab.start_emulator(ports=names)

    def set_up_softhsm(self):
        """A hardware security module in software, for the vendor."""
        machine = self.machine("vendor")
        (machine.root / "root/hsm").mkdir()
        (machine.root / "root/softhsm.conf").write_text("directories.tokendir = /root/hsm\n")
        self._do("vendor", "export SOFTHSM2_CONF=/root/softhsm.conf")

    def set_up_key(self, *names: str):
        """Keys with a license, not plugged in."""
        for name in names:
            self.lab.create_key(name)

    def set_up_token(self, *names: str):
        """PIV tokens as they come from the shop."""
        for name in names:
            self.lab.ctl("desk", "create", name, "--piv")

    def set_up_blank(self, *names: str):
        """HID keys without a license."""
        for name in names:
            self.lab.ctl("desk", "create", name)

    def set_up_installed(self, *names: str):
        """Nodes on which the agent was installed and configured, and is not started."""
        for name in names:
            machine = self.machine(name)
            etc = machine.root / "etc/latchkey"
            (etc / "trust").mkdir()
            for file in (self.lab.root_key, self.lab.bundle):
                shutil.copy(file, etc / "trust")
            address = machines.ADDRESSES[name]
            (etc / "agent.toml").write_text(
                f'[node]\nname = "{name}"\n[trust]\nroots = ["/etc/latchkey/trust/root.pub"]\nbundle = "/etc/latchkey/trust/bundle.json"\n'
                f'[peer]\nlisten = "{address}:8202"\nadvertise = "{address}:8202"\nhold_s = 20\n'
                f'[server]\nlisten = "{address}:8201"\nnames = ["{name}", "vip"]\n'
                f'[keys]\nudev = false\nrescan_s = 1\nsettle_s = 0\nemulated_port = "{self.lab.port_socket(name)}"\n')

    def set_up_running(self, *names: str):
        for name in names:
            self._do(name, "systemctl start latchkey-agent")

    def set_up_paired(self, *names: str):
        self.pair = first, second = names
        invitation = self._do(first, "latchkey peer invite")[0]
        self._do(second, f"latchkey peer join {invitation}")
        self.linked(first)

    def set_up_plugged(self, key: str, name: str):
        self.plug(key, name)
        for node in self.pair:
            self.wait(node, "State +Ready")

    def _do(self, name: str, command: str) -> list[str]:
        code, said = self.machine(name).run(command)
        if code != 0:
            raise labs.LabError(f"{name}: {command}: {code}\n" + "\n".join(said))
        return said

    # --- what a hand does: `<!-- do: plug red into node-a -->`

    def act(self, text: str):
        verb, *words = text.split()
        getattr(self, verb)(*[word for word in words if word not in ("into", "as", "from", "to", "on", "until", "is", "says")])

    def plug(self, key: str, name: str):
        if name.startswith("/dev/"):
            self.devices[name] = key
            self.lab.ctl("desk", "plug", key)
            return
        self.lab.ctl(name, "plug", key)
        self.wait(name, "Ready|Abnormal|Fault")

    def pull(self, key: str, name: str):
        self.lab.ctl(name, "pull", key)
        self.wait(name, "Missing|Ready")

    def wait(self, name: str, *words: str):
        """Until `latchkey status` there matches."""
        pattern = ".*".join(words)
        labs.wait_for(f"{name}: {pattern}",
                      lambda: self.machine(name).run(f"latchkey status | grep -qE '{pattern}'")[0] == 0, timeout=60, pause=0.05)

    def linked(self, name: str):
        """Until the link to its peer is up."""
        labs.wait_for(f"{name} is linked", lambda: self.machine(name).run(
            "latchkey --json peer | jq -e '.peer == \"reachable\"'")[0] == 0, timeout=60, pause=0.05)

    def with_devices(self, command: str) -> str:
        """With the emulator in place of the devices that keys were plugged in as."""
        for device, key in self.devices.items():
            command = command.replace(f"--device {device}", f"--emulated {self.lab.port_socket('desk')} --id {key}")
        return command

    def write(self, name: str, path: str, text: str):
        self.machine(name).path(path).write_text(text)

    def check(self, file: str, name: str):
        """An agent would start with this configuration."""
        self._do(name, f"latchkey-agent --check-config --config {file}")

    def carry(self, file: str, source: str, target: str):
        there = self.machine(target).path(pathlib.Path(file).name)
        shutil.copy(self.machine(source).path(file), there)

    def kill(self, name: str):
        """A node that is lost: its agent ends, its disk is empty when it is used again."""
        self._do(name, "kill -9 $(cat /run/latchkey/pid); rm -rf /var/lib/latchkey/* /run/latchkey/*")

    def sleep(self, seconds: str):
        time.sleep(float(seconds))

    def end(self):
        for machine in self.machines.values():
            machine.end()
