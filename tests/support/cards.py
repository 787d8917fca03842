"""Agents on the network, and those who come to them over TLS (docs/operations.md, "On the network")."""

import dataclasses
import functools
import pathlib
import socket
import ssl

import lab as labs


def listening(port: int) -> str:
    """What an agent's configuration says more."""
    return f'[server]\nlisten = "127.0.0.1:{port}"\n'


@dataclasses.dataclass
class Card:
    """An identity: the files that `latchkey connect` made."""
    folder: pathlib.Path
    port: int
    host: str = "127.0.0.1"

    @classmethod
    def enrol(cls, agent: labs.Agent, port: int, role: str, host: str = "127.0.0.1") -> "Card":
        card = cls(agent.lab.dir / f"{role}-of-{agent.name}", port, host)
        token = agent.cli("server", "token", "create", "--role", role, "--name", f"the-{role}").strip()
        agent.lab.run("latchkey", "connect", f"https://{host}:{port}", "--token", token, "--dir", card.folder)
        return card

    @property
    def where(self) -> tuple:
        """For the load generator."""
        return ("--tcp", f"{self.host}:{self.port}", "--tls", "--authority", self.folder / "ca.pem",
                "--certificate", self.folder / "certificate.pem", "--key", self.folder / "key.pem")

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        return context

    def dial(self) -> ssl.SSLSocket:
        plain = socket.create_connection((self.host, self.port), timeout=10)
        return self.context.wrap_socket(plain, server_hostname=self.host)
