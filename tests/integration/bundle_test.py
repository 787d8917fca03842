#!/usr/bin/env python3
"""What `latchkey doctor --bundle` hands to strangers, of a deployment that holds every kind of secret that there is:
the secrets are looked for in it raw, in hexadecimal and in base64."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

PASSWORD = "correct horse battery"
PIN = "pin-90431177"
NOBODY = 65534
FILES = {"index.txt", "doctor.json", "status.json", "alerts.json", "pools.json", "licenses.json", "trust.json", "peer.json",
         "server.json", "holder.json", "identities.json", "tokens.json", "accounts.json", "consumers.json",
         "upstream.json", "records.json", "verification.json", "metrics.txt", "configuration.txt", "versions.txt",
         "clock.txt", "files.txt", "disk.txt", "journal.txt", "service.txt"}
WITHOUT_AGENT = {"index.txt", "doctor.json", "configuration.txt", "versions.txt", "clock.txt", "files.txt", "disk.txt",
                 "journal.txt", "service.txt"}


def unpadded(text: str) -> str:
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def forms(secret: bytes) -> set[bytes]:
    """As somebody might find it. Within other bytes base64 depends on where they begin: all three ways."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + secret).decode()
        inner = text[-(-shift * 8 // 6):].rstrip("=")[:-1]
        found |= {inner.encode(), unpadded(inner).encode()}
    return found


def private_parts(pem: str) -> set[bytes]:
    """The block, its bytes, and the private value in them (RFC 8410, RFC 5915)."""
    lines = [line for line in pem.splitlines() if line and not line.startswith("-")]
    der = base64.b64decode("".join(lines))
    values = {der[at + 2:at + 34] for at in range(len(der) - 33) if der[at:at + 2] == b"\x04\x20"}
    return {der, "".join(lines).encode(), *(line.encode() for line in lines), *values}


class BundleTest(unittest.TestCase):
    """Two agents with a PIV key, on the network, and whatever is secret in such a deployment."""

    def setUp(self):
        self.secrets: dict[str, set[bytes]] = {}
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red", piv=True)
        self.port = labs.free_tcp_port()
        own = self.own_certificate()
        self.a = labs.Agent(self.lab, "node-a", self.lab.port_socket("a"), settle_s=0,
                            extra=f"# the PIN of the token is {PIN}\n"
                                  f'[server]\nlisten = "127.0.0.1:{self.port}"\n{own}')
        self.b = labs.Agent(self.lab, "node-b", self.lab.port_socket("b"), settle_s=0)

    def keep(self, what: str, *secrets: bytes | str):
        for secret in secrets:
            self.secrets.setdefault(what, set()).add(secret.encode() if isinstance(secret, str) else secret)

    def own_certificate(self) -> str:
        """What `server.key` names; the agent takes it beside a CA of the test's own."""
        key, certificate = self.lab.dir / "server.key", self.lab.dir / "server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-days", "2",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        self.keep("server.key", *private_parts(key.read_text()))
        return f'certificate = "{certificate}"\nkey = "{key}"\n'

    # --- a deployment with secrets

    def plant(self):
        self.a.start()
        self.b.start()
        invitation = self.a.invite()
        self.keep("invitation", invitation, from_base64url(json.loads(from_base64url(invitation))["secret"]))
        self.b.join(invitation)
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("ready and linked", lambda: self.a.status()["state"] == "Ready" and self.a.status()["peer"] == "reachable")
        open_invitation = self.a.invite()
        self.keep("open invitation", open_invitation)
        for node in (self.a, self.b):
            for name in ("deployment.key", "tls.key"):
                self.keep(f"{node.name}: {name}", *private_parts((node.dir / "state/identity" / name).read_text()))
        self.keep("management key", *(form for line in self.lab.management_keys.read_text().splitlines()
                                      for form in (line.split()[-1], bytes.fromhex(line.split()[-1]))))
        for name in ("used", "open"):
            token = self.token(name)
            self.keep(f"{name} token", token, from_base64url(token[4:])[-24:])
            if name == "used":
                self.enrol(token)
        self.plant_session()
        self.plant_lease()
        self.plant_verifiers()
        self.keep("PIN", PIN)

    def token(self, name: str) -> str:
        return self.a.cli("server", "token", "create", "--role", "consumer", "--name", name).strip()

    def enrol(self, token: str):
        client = self.lab.dir / "client"
        self.lab.run("latchkey", "connect", f"https://localhost:{self.port}", "--token", token, "--dir", client,
                     "--ca", self.lab.dir / "server.pem")
        self.keep("client's key", *private_parts((client / "key.pem").read_text()))

    def plant_session(self):
        with self.password():
            self.a.cli("server", "account", "set", "alice", "--role", "administrator")
        jar = self.lab.dir / "jar"
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", self.lab.dir / "server.pem", "-c", jar,
                               f"https://localhost:{self.port}/v1/session", "-d",
                               json.dumps({"name": "alice", "password": PASSWORD})], capture_output=True, text=True)
        cookie = jar.read_text().split()[-1]
        self.keep("session", cookie, from_base64url(cookie), json.loads(done.stdout)["csrf"])
        self.keep("password", PASSWORD)

    @contextlib.contextmanager
    def password(self):
        os.environ["LATCHKEY_PASSWORD"] = PASSWORD
        yield
        del os.environ["LATCHKEY_PASSWORD"]

    def plant_lease(self):
        """Released with a token as the reason, as somebody who pastes into the wrong line does it."""
        usage = {"usage": [{"object": "kvm", "unit": "cpu-socket", "quantity": 2}], "ttl_s": 600}
        lease = self.a.request("PUT", "/v1/consumers/vm-1/usage", usage)["token"]
        self.keep("lease token", lease, from_base64url(lease)[-32:])
        self.a.request("PUT", "/v1/consumers/vm-2/usage", usage)
        pasted = self.token("pasted")
        self.keep("pasted token", pasted, from_base64url(pasted[4:])[-24:])
        self.a.cli("consumer", "release", "vm-2", "--reason", f"see {pasted}")
        self.assertIn(pasted, self.a.request_text("GET", "/v1/records?limit=10"))

    def plant_verifiers(self):
        """What passwords and tokens are judged by, which only the database has."""
        for file in (self.a.dir / "state").glob("latchkey.db*"):  # the agent keeps it locked
            shutil.copy(file, self.lab.dir)
        database = sqlite3.connect(self.lab.dir / "latchkey.db")
        columns = [row for table in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                   for row in database.execute(f"SELECT * FROM {table[0]}").fetchall()]
        text = " ".join(value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                        for row in columns for value in row)
        found = re.findall(r'"verifier":"([^"]+)"', text)
        scrypt = [one for one in found if one.startswith("scrypt:")]
        self.assertEqual((len(found), len(scrypt)), (4, 1), "the database is not what this test takes it for")
        self.keep("verifier", *found, *(from_base64url(part) for part in scrypt[0].split(":")[4:]))

    def plant_journal(self) -> pathlib.Path:
        """Programs that say what journald would, with secrets among it."""
        folder = self.lab.dir / "system"
        folder.mkdir()
        some = {what: sorted(secrets)[0] for what, secrets in self.secrets.items()}
        lines = ["event=agent-started version=0.1.0",
                 f'event=login account=alice password="{PASSWORD}"',
                 f"event=request what=release token={max(self.secrets['used token'], key=len).decode()} by=root",
                 f'event=alert-raised id=x text="see {max(self.secrets["open invitation"], key=len).decode()}"',
                 f"terminate called, PIN {PIN}", *(f"secret {secret!r}" for secret in some.values())]
        entries = [{"MESSAGE": line, "PRIORITY": "6", "SYSLOG_IDENTIFIER": "latchkey-agent",
                    "__REALTIME_TIMESTAMP": "1700000000000000"} for line in lines]
        entries.append(entries[0] | {"SYSLOG_IDENTIFIER": "sudo", "MESSAGE": f"event=x id={PASSWORD}"})
        (folder / "log").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        for name, what in (("journalctl", f"exec cat {folder}/log"), ("systemctl", "echo ActiveState=active")):
            (folder / name).write_text(f"#!/bin/sh\n{what}\n")
            (folder / name).chmod(0o755)
        return folder

    # --- what is handed out

    def bundle(self, prefix: tuple = (), where: pathlib.Path | None = None) -> dict[str, bytes]:
        archive = (where or self.lab.dir) / "bundle.tar.gz"
        archive.unlink(missing_ok=True)
        environment = os.environ | {"PATH": f"{self.system}:{os.environ['PATH']}", "LATCHKEY_PASSWORD": PASSWORD}
        done = subprocess.run([*prefix, self.lab.bin / "latchkey", "--socket", self.a.socket, "doctor", "--bundle", archive,
                               "--config", self.a.config], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(archive.stat().st_mode & 0o7777, 0o600)
        self.assertNothingSecret({"what it says": done.stdout.encode()})
        with tarfile.open(archive) as tar:
            files = {member.name.partition("/")[2]: tar.extractfile(member).read() for member in tar.getmembers()}
        self.assertNothingSecret(files)
        return files

    def assertNothingSecret(self, files: dict[str, bytes]):
        for what, secrets in self.secrets.items():
            for form in {form for secret in secrets for form in forms(secret)}:
                for name, content in files.items():
                    self.assertNotIn(form, content, f"{what} in {name}")
                    self.assertNotIn(form, name.encode(), what)
        for name, content in files.items():
            self.assertNotRegex(content.decode(), r"PRIVATE KEY|LKE-|scrypt:\d|__Host-latchkey=.*[A-Za-z0-9]{20}", name)

    def test_this_test_finds_what_is_there(self):
        secret = bytes(range(7, 39))
        self.keep("secret", secret)
        for before in range(3):
            within = bytes(before) + secret + b"after"
            for content in (within, within.hex().encode(), base64.b64encode(within), base64.urlsafe_b64encode(within)):
                with self.assertRaisesRegex(AssertionError, "secret in file"):
                    self.assertNothingSecret({"file": content})

    def test_no_secret_of_a_deployment_is_in_it(self):
        self.plant()
        self.system = self.plant_journal()
        self.assertGreaterEqual(len(self.secrets), 15)
        files = self.bundle()
        self.assertEqual(FILES - files.keys(), set())

        index = files["index.txt"].decode()
        for name in files.keys() - {"index.txt"}:
            self.assertIn(f"\n{name} ", index)
        self.assertEqual(json.loads(files["status.json"])["state"], "Ready")
        self.assertIn(b"event=agent-started version=0.1.0", files["journal.txt"])
        self.assertIn(b"token=(left out) by=root", files["journal.txt"])
        self.assertIn(b"see (removed)", files["records.json"])
        self.assertIn("records.json: 1 passages", index)
        self.assertEqual({one["state"] for one in json.loads(files["tokens.json"])["tokens"]}, {"used", "open"})
        self.assertEqual(json.loads(files["accounts.json"]), {"accounts": [{"role": "administrator"}]})
        self.assertEqual(json.loads(files["consumers.json"])["consumers"][0]["consumer"], "vm-1")
        self.assertIn(b"server.key = ", files["configuration.txt"])
        self.assertIn(b"deployment.key  ", files["files.txt"])

        self.collect_as_a_member_of_the_admin_group()
        self.collect_without_agent()

    def collect_as_a_member_of_the_admin_group(self):
        """Who is no root cannot read the keys, and needs not."""
        folder = self.lab.dir / "of-nobody"
        folder.mkdir()
        prefix = ()
        if os.geteuid() == 0:
            self.lab.dir.chmod(0o711)
            shutil.chown(folder, NOBODY)
            prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", f"--groups={os.getgid()}")
        files = self.bundle(prefix, folder)
        self.assertEqual(FILES - files.keys(), set())
        self.assertIn("tokens.json ", files["index.txt"].decode())

    def collect_without_agent(self):
        self.a.stop()
        files = self.bundle()
        self.assertEqual(files.keys() - {"usb.txt"}, WITHOUT_AGENT)
        self.assertIn("[agent-unreachable]", files["index.txt"].decode())
        # A configuration that no agent takes is collected as well, without what is wrong in it.
        self.a.config.write_text(self.a.config.read_text() + f'pin = "{PIN}"\n')
        self.assertIn(b"server.pin: not told", self.bundle()["configuration.txt"])
        self.a.config.write_text(f"pin {PIN}\n")
        self.assertIn(b"no TOML: line 1", self.bundle()["configuration.txt"])


if __name__ == "__main__":
    unittest.main()
