#!/usr/bin/env python3
"""Two real agents on the network, asked with stock curl and openssl: SPEC SRV-1, SRV-2, SEC-1, SEC-2."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

PASSWORD = "correct horse battery"


class NetworkTest(unittest.TestCase):
    """A vendor and two agents, each with a port of its own on the loopback."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.ports = {port: labs.free_tcp_port() for port in "ab"}
        self.a, self.b = (
            labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0, rescan_s=1,
                       extra=f'[server]\nlisten = "127.0.0.1:{self.ports[port]}"\n') for port in "ab")
        self.enrolled = 0

    def pair(self):
        self.a.start()
        self.b.start()
        self.b.join(self.a.invite())
        labs.wait_for("both nodes are linked",
                      lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)))

    def url(self, node, path: str) -> str:
        return f"https://localhost:{self.ports[node.name[-1]]}{path}"

    def ca(self, node) -> pathlib.Path:
        file = self.lab.dir / f"ca-{node.name}.pem"
        file.write_text(node.cli("server", "ca"))
        return file

    def curl(self, node, path: str, *arguments, ca=None) -> tuple[int, str]:
        """HTTP status (0: no TLS connection came about) and body."""
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "20", "-w", "\n%{http_code}", "--cacert",
                               ca or self.ca(node), *map(str, arguments), self.url(node, path)],
                              capture_output=True, text=True, timeout=30)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body or done.stderr

    def request(self) -> tuple[pathlib.Path, str]:
        """A new key, and a certificate request for it."""
        self.enrolled += 1
        key = self.lab.dir / f"client-{self.enrolled}.key"
        done = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                               "-keyout", key, "-subj", "/CN=me"], capture_output=True, text=True, check=True)
        return key, done.stdout

    def enrol(self, node, token: str) -> tuple[int, dict, tuple]:
        key, csr = self.request()
        status, body = self.curl(node, "/v1/enrol", "-d", json.dumps({"token": token, "csr": csr}))
        answer = json.loads(body)
        card = ()
        if status == 200:
            certificate = key.with_suffix(".pem")
            certificate.write_text(answer["certificate"])
            card = ("--cert", certificate, "--key", key)
        return status, answer, card

    def token(self, node, role: str) -> str:
        return node.cli("server", "token", "create", "--role", role, "--name", f"the-{role}", "--for", "1h").strip()

    def test_one_enrolment_is_good_on_both_nodes(self):  # SPEC SRV-2, SEC-2
        self.pair()
        status, answer, card = self.enrol(self.a, self.token(self.a, "viewer"))
        self.assertEqual(status, 200, answer)
        for node in (self.a, self.b):
            labs.wait_for(f"{node.name} knows the identity",
                          lambda node=node: self.curl(node, "/v1/status", *card)[0] == 200)
        # One CA: what pins the one node's is good for the other.
        self.assertEqual(self.curl(self.b, "/v1/status", *card, ca=self.ca(self.a))[0], 200)
        status, body = self.curl(self.a, "/v1/key/refresh", *card, "-X", "POST")
        self.assertEqual((status, json.loads(body)["code"]), (403, "not-permitted"))

        self.b.cli("server", "identity", "revoke", answer["identity"], "--reason", "lost")
        for node in (self.b, self.a):
            labs.wait_for(f"{node.name} knows of the revocation",
                          lambda node=node: self.curl(node, "/v1/status", *card)[0] == 403)
        self.assertEqual(json.loads(self.curl(self.a, "/v1/status", *card)[1])["code"], "identity-revoked")
        self.a.restart()
        self.assertEqual(self.curl(self.a, "/v1/status", *card)[0], 403)
        kinds = [record["kind"] for record in self.a.get("/v1/records?limit=100")["records"]]
        for kind in ("token-created", "identity-enrolled", "identity-revoked"):
            self.assertIn(kind, kinds)

    def test_a_token_is_used_once_on_whichever_node(self):  # SPEC SRV-2
        self.pair()
        token = self.token(self.a, "consumer")
        labs.wait_for("node-b knows the token", lambda: self.b.get("/v1/server/tokens")["tokens"])
        self.assertEqual(self.enrol(self.b, token)[0], 200)
        labs.wait_for("node-a knows that it was used",
                      lambda: self.a.get("/v1/server/tokens")["tokens"][0]["state"] == "used")
        status, answer, _ = self.enrol(self.a, token)
        self.assertEqual((status, answer["code"]), (422, "token-used"))

    def test_identities_hold_consumers_of_their_own(self):  # SPEC SEC-2, POOL-3, POOL-7
        self.lab.create_key("red", entry="kvm:cpu-socket:8")
        self.a.start()
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("a license counts", lambda: self.a.status()["usable"])
        web, db, eye = (self.enrol(self.a, self.token(self.a, role))[2] for role in ("consumer", "consumer", "operator"))
        usage = json.dumps({"usage": [{"object": "kvm", "unit": "cpu-socket", "quantity": 4}]})
        state = ("-X", "PUT", "-d", usage)

        def ask(card, path, *arguments):
            status, body = self.curl(self.a, f"/v1/consumers{path}", *card, *arguments)
            return status, json.loads(body)
        granted = ask(web, "/shop/usage", *state)
        self.assertEqual(granted[0], 200, granted)
        self.assertEqual(ask(web, "/shop/heartbeat", "-X", "POST")[0], 200)
        for other, path, *arguments in ((db, "/shop/usage", *state), (db, "/shop/heartbeat", "-X", "POST"),
                                        (db, "/shop", "-X", "DELETE"), (db, "/shop")):
            status, body = ask(other, path, *arguments)
            self.assertEqual((status, body["code"]), (403, "not-owner"), (path, arguments))
        # Nor by the token of somebody else's lease, once that has gone.
        token = json.dumps({"token": granted[1]["token"]})
        self.assertEqual(ask(web, "/shop", "-X", "DELETE")[0], 200)
        self.assertEqual(ask(db, "/shop/heartbeat", "-X", "POST", "-d", token)[1]["code"], "not-owner")
        self.assertEqual(ask(web, "/shop/heartbeat", "-X", "POST", "-d", token)[0], 200)

        self.assertEqual(ask(db, "/store/usage", *state)[0], 200)
        listed = [[c["consumer"] for c in ask(card, "")[1]["consumers"]] for card in (web, db, eye)]
        self.assertEqual(listed, [["shop"], ["store"], ["shop", "store"]])
        self.assertEqual(ask(web, "/store/release", "-X", "POST")[1]["code"], "not-permitted")
        self.assertEqual(ask(eye, "/store/release", "-X", "POST")[0], 200)
        self.assertEqual(ask(eye, "/eye/usage", *state)[1]["code"], "not-permitted", "who looks holds nothing")

    def test_an_administrator_logs_in(self):  # SPEC SEC-2
        self.a.start()
        os.environ["LATCHKEY_PASSWORD"] = PASSWORD
        self.addCleanup(os.environ.pop, "LATCHKEY_PASSWORD")
        self.a.cli("server", "account", "set", "mary", "--role", "administrator")
        jar = self.lab.dir / "cookies"
        login = json.dumps({"name": "mary", "password": PASSWORD})
        self.assertEqual(self.curl(self.a, "/v1/session", "-d", login.replace("horse", "house"))[0], 401)
        status, body = self.curl(self.a, "/v1/session", "-c", jar, "-d", login)
        self.assertEqual(status, 200, body)
        csrf = json.loads(body)["csrf"]
        self.assertEqual(self.curl(self.a, "/v1/status", "-b", jar)[0], 200)
        refresh = ("-b", jar, "-X", "POST")
        self.assertEqual(self.curl(self.a, "/v1/key/refresh", *refresh)[0], 403)
        with_csrf = (*refresh, "-H", f"X-Latchkey-CSRF: {csrf}")
        self.assertEqual(self.curl(self.a, "/v1/key/refresh", *with_csrf)[0], 200)
        self.assertEqual(self.curl(self.a, "/v1/key/refresh", *with_csrf, "-H", "Origin: https://evil.example")[0], 403)
        # SPEC LIC-2: an administrator's upload is large, whoever it comes from (2 MiB of no license).
        upload = self.lab.dir / "upload"
        upload.write_bytes(b"x" * (2 << 20))
        body = ("--data-binary", f"@{upload}")
        self.assertEqual(self.curl(self.a, "/v1/licenses", *with_csrf, *body)[0], 422)
        self.assertEqual(self.curl(self.a, "/v1/licenses", *body)[0], 413)
        shown = self.a.request_text("GET", "/v1/records?limit=100")
        self.assertIn("account-set", shown)
        self.assertNotIn("scrypt", shown)

    def test_strangers_are_refused(self):  # SPEC SEC-2
        self.a.start()
        self.assertEqual(self.curl(self.a, "/health/live")[0], 200)
        self.assertEqual(self.curl(self.a, "/v1/status")[0], 401)
        self.assertEqual(self.curl(self.a, "/health/live", "--tls-max", "1.2")[0], 0)
        key, _ = self.request()
        own = key.with_suffix(".own")
        subprocess.run(["openssl", "req", "-x509", "-key", key, "-subj", "/CN=me", "-out", own], check=True,
                       capture_output=True)
        self.assertEqual(self.curl(self.a, "/health/live", "--cert", own, "--key", key)[0], 0)
        stranger = self.lab.dir / "stranger.pem"
        stranger.write_text(own.read_text())
        self.assertEqual(self.curl(self.a, "/health/live", ca=stranger)[0], 0, "a client sees who is not pinned")

    def test_a_certificate_of_ones_own_is_reloaded(self):  # SPEC SRV-1
        key, _ = self.request()
        own = key.with_suffix(".own")

        def certify(days: int):
            subprocess.run(["openssl", "req", "-x509", "-key", key, "-subj", "/CN=localhost", "-days", str(days),
                            "-addext", "subjectAltName=DNS:localhost", "-out", own], check=True, capture_output=True)
        certify(10)
        text = self.a.config.read_text()
        self.a.config.write_text(text.replace("[server]\n", f'[server]\ncertificate = "{own}"\nkey = "{key}"\n'))
        self.a.start()
        self.assertEqual(self.curl(self.a, "/health/live", ca=own)[0], 200)
        first = own.read_text()
        certify(20)
        self.assertNotEqual(own.read_text(), first)
        self.a.process.send_signal(signal.SIGHUP)
        labs.wait_for("the new certificate is shown",
                      lambda: self.shown_certificate(self.a) in own.read_text().replace("\n", ""))

    def shown_certificate(self, node) -> str:
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[node.name[-1]]}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        begin = done.stdout.find("-----BEGIN CERTIFICATE")
        end = done.stdout.find("-----END CERTIFICATE", begin)
        return done.stdout[begin:end].replace("\n", "") if begin >= 0 else "nothing"

    def test_nobody_listens_unless_configured(self):  # SPEC SEC-1
        self.a.config.write_text(self.a.config.read_text().partition("[server]")[0])
        self.a.start()
        self.assertIsNone(self.a.get("/v1/server")["listening"])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.ports["a"]), timeout=5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
