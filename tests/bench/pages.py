"""What open pages cost the agent while nothing changes (`tests/bench/run.py`, section `pages`)."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import ssl
import time

import lab as labs
from cards import listening
from rows import Row

PAGES = 100
ASKS_EVERY = 20  # seconds: a page that hears nothing asks whether the agent lives (agent/web/static/live.js)
PASSWORD = "correct horse battery"
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """An agent on the network with a key and an account, as browsers find it."""

    def __init__(self, lab):
        self.port = labs.free_tcp_port()
        self.agent = labs.Agent(lab, "pages", lab.port_socket("pages"), peer=False, extra=listening(self.port)).start()
        os.environ["LATCHKEY_PASSWORD"] = PASSWORD
        self.agent.cli("server", "account", "set", "vera", "--role", "viewer")
        lab.create_key("pages")
        lab.ctl("pages", "plug", "pages")
        labs.wait_for("Ready", lambda: self.agent.status()["state"] == "Ready")
        self.tls = ssl.create_default_context(cadata=self.agent.request_text("GET", "/v1/server/ca"))
        self.cookie = self._sign_in()

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)

    def _sign_in(self) -> str:
        with contextlib.closing(self.connect()) as connection:
            connection.request("POST", "/v1/session", json.dumps({"name": "vera", "password": PASSWORD}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise labs.LabError(f"pages: sign-in: {answer.status} {answer.read()!r}")
            return answer.getheader("Set-Cookie").split(";")[0]

    def cpu_seconds(self) -> float:
        fields = pathlib.Path(f"/proc/{self.agent.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS  # user and system time of all threads


class Page:
    """What an open page keeps and asks: its event stream, and every now and then whether the agent lives. Between two such
    questions the agent closes a connection that showed no certificate, so each is a new one."""

    def __init__(self, server: Server):
        self._server = server
        self._stream = server.connect()
        self._stream.request("GET", "/v1/events", headers={"Cookie": server.cookie, "Accept": "text/event-stream"})
        self._events = self._stream.getresponse()
        self.heard()

    def heard(self) -> dict:
        """The next status that comes."""
        try:
            while line := self._events.readline():
                if line.startswith(b"data:"):
                    return json.loads(line[5:])
        except socket.timeout as error:
            raise labs.LabError("pages: a stream says nothing") from error
        raise labs.LabError("pages: a stream has ended")

    def ask(self):
        with contextlib.closing(self._server.connect()) as connection:
            connection.request("GET", "/health/live")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise labs.LabError(f"pages: {answer.status}")

    def close(self):
        self._stream.close()


def rest(pages: list, seconds: float):
    """The pages were opened one after the other, so they ask one after the other."""
    begin, asked = time.monotonic(), 0
    while (now := time.monotonic() - begin) < seconds:
        due = (asked + 1) * ASKS_EVERY / len(pages)
        if now < due:
            time.sleep(min(due, seconds) - now)
        else:
            pages[asked % len(pages)].ask()
            asked += 1


def page_rows(lab, options):
    server = Server(lab)
    pages = [Page(server) for _ in range(PAGES)]
    try:
        time.sleep(2)
        begin, used = time.monotonic(), server.cpu_seconds()
        rest(pages, 10 if options.quick else 30)
        share = (server.cpu_seconds() - used) / (time.monotonic() - begin)
        lab.ctl("pages", "pull", "pages")
        for page in pages:  # all of them were there all the time
            while page.heard()["state"] != "Missing":
                pass
    finally:
        for page in pages:
            page.close()
        server.agent.stop()
    yield Row("open_pages_100_cpu_vs_core", share, "cores", 1, 0.05)
