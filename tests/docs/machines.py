"""Machines for the readers of documents: each has folders of its own where a node has them (/etc/latchkey, /run,
/var/lib/latchkey), a name that resolves, and a shell. The rest is this machine's."""

import os
import pathlib
import select
import subprocess
import time

import lab as labs

ADDRESSES = {"node-a": "127.0.0.2", "node-b": "127.0.0.3", "node-c": "127.0.0.4", "hq": "127.0.0.5", "site": "127.0.0.6",
             "vip": "127.0.0.2", "here": "127.0.0.7"}
OWN = {"etc", "run", "var", "tmp", "root", "home", "mnt", "media", "lost+found"}
ROOTS = pathlib.Path("/mnt")  # a tmpfs of this process's mount namespace: it ends with that, and nobody has to delete it
GROUPS = "".join(f"{name}:x:0:\n" for name in ("latchkey", "latchkey-admin", "latchkey-consumer"))
DEADLINE = 60
MOUNT_FLAGS = {"nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC, "noatime": os.ST_NOATIME,
               "relatime": os.ST_RELATIME}
# Without systemd: what the commands of the documents need of it.
SYSTEMCTL = """#!/bin/sh
file=/run/latchkey/pid
runs() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }
stop() {
  [ -e $file ] || return
  pid=$(cat $file); kill "$pid"
  while runs "$pid"; do sleep 0.02; done
  rm -f $file
}
start() {
  mkdir -p /run/latchkey /var/lib/latchkey
  latchkey-agent </dev/null >>/run/latchkey/log 2>&1 &
  echo $! >$file
  for _ in $(seq 500); do
    latchkey status >/dev/null 2>&1
    [ $? -ne 3 ] && return
    sleep 0.02
  done
  cat /run/latchkey/log; exit 1
}
for verb in "$@"; do
  case $verb in
    start | enable) start ;;
    stop) stop ;;
    restart) stop; start ;;
    reload) kill -HUP "$(cat $file)"; sleep 0.3 ;;
  esac
done
"""


def mount(source: pathlib.Path, target: pathlib.Path, writable: bool = False):
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--rbind", source, target], check=True)
    if not writable:  # what else holds there may not be given up by who is no real root
        kept = [name for name, flag in MOUNT_FLAGS.items() if os.statvfs(target).f_flag & flag]
        subprocess.run(["mount", "-o", ",".join(["remount", "bind", "ro", *kept]), target], check=True)


def prepare():
    """Once, in namespaces of our own (net_lab.alone)."""
    if os.getpid() != 1:
        raise labs.LabError("machines are made in a mount namespace of their own only")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", ROOTS], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Machine:
    """Its root is made of mounts of the real one: never delete it."""

    def __init__(self, lab: labs.Lab, name: str, home: pathlib.Path | None = None):
        self.lab, self.name = lab, name
        self.root = ROOTS / f"{lab.dir.name}-{name}"
        self.root.mkdir()
        self.home = home or pathlib.Path("/root")
        for entry in pathlib.Path("/").iterdir():
            if entry.is_symlink():
                (self.root / entry.name).symlink_to(os.readlink(entry))
            elif entry.is_dir() and entry.name not in OWN:
                mount(entry, self.root / entry.name, writable=entry.name in ("dev", "proc", "sys"))
        for needed in (labs.ROOT, lab.bin):
            if not (self.root / needed.relative_to("/")).exists():
                mount(needed, self.root / needed.relative_to("/"))
        mount(lab.dir, self.root / lab.dir.relative_to("/"), writable=True)
        for folder in ("tmp", "root", "run/latchkey", "var/lib/latchkey", "var/tmp", "opt-docs"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self._make_etc()
        self._add_program("systemctl", SYSTEMCTL)
        self.shell: subprocess.Popen | None = None

    def _make_etc(self):
        mount(pathlib.Path("/etc"), self.root / ".etc")
        etc = self.root / "etc"
        etc.mkdir()
        for entry in pathlib.Path("/etc").iterdir():
            if entry.name not in ("latchkey", "prometheus", "hosts", "group"):
                (etc / entry.name).symlink_to(f"/.etc/{entry.name}")
        (etc / "latchkey").mkdir()
        (etc / "prometheus").mkdir()
        (etc / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{ip} {name}\n" for name, ip in ADDRESSES.items()))
        (etc / "group").write_text(pathlib.Path("/etc/group").read_text() + GROUPS)

    def _add_program(self, name: str, text: str):
        program = self.root / "opt-docs" / name
        program.write_text(text)
        program.chmod(0o755)

    @property
    def socket(self) -> pathlib.Path:
        return self.root / "run/latchkey/agent.sock"

    def path(self, name: str) -> pathlib.Path:
        """A file of this machine, as this process sees it."""
        inside = self.home / name
        return inside if inside.is_relative_to(self.lab.dir) else self.root / inside.relative_to("/")

    def run(self, command: str) -> tuple[int, list[str]]:
        """Exit code and what was printed, in the machine's only shell."""
        if self.shell is None:
            self._start_shell()
        mark = f"-- {os.urandom(8).hex()}"
        self.shell.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n%s %d\\n' '{mark}' $?\n".encode())
        self.shell.stdin.flush()
        text, end = b"", time.monotonic() + DEADLINE
        while (found := text.rfind(mark.encode())) < 0 or not text.endswith(b"\n"):
            if not select.select([self.shell.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise labs.LabError(f"no end after {DEADLINE} s:\n{text.decode(errors='replace')}")
            chunk = os.read(self.shell.stdout.fileno(), 65536)
            if not chunk:
                raise labs.LabError(f"the shell ended:\n{text.decode(errors='replace')}")
            text += chunk
        code = int(text[found + len(mark):])
        return code, text[:found].decode(errors="replace").rstrip("\n").splitlines()

    def _start_shell(self):
        environment = {"PATH": f"/opt-docs:{self.lab.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       "HOME": "/root", "LANG": "C.UTF-8", "no_proxy": "*", "LATCHKEY_PASSPHRASE": "a lab has no secrets"}
        self.shell = subprocess.Popen(["chroot", self.root, "bash", "--norc", "-O", "expand_aliases"], env=environment,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.run(f"cd {self.home}")

    def end(self):
        if self.shell:
            self.run("systemctl stop")
            self.shell.stdin.close()
            self.shell.wait(timeout=10)
            self.shell.stdout.close()
