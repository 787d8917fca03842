"""A network between two processes that can be cut without either of them noticing a closed connection."""

import contextlib
import socket
import threading


class TcpProxy:
    """Forwards from its own address to `target`; while cut, bytes vanish and new connections hang."""

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.open = threading.Event()
        self.open.set()
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def cut(self):
        self.open.clear()

    def heal(self):
        """What was cut never comes back to life: both ends have given it up, or learn it now."""
        for end in self.sockets:
            break_off(end)
        self.sockets.clear()
        self.open.set()

    def close(self):
        self.heal()
        break_off(self.listener)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.open.wait()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()
        self.listener.close()

    def _connect(self, near: socket.socket):
        with near, contextlib.suppress(OSError):
            with socket.create_connection(self.target, timeout=5) as far:
                far.settimeout(None)
                self.sockets += [near, far]
                back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
                back.start()
                self._pump(near, far)
                back.join()

    def _pump(self, source: socket.socket, sink: socket.socket):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.open.is_set():
                    sink.sendall(data)
        for end in (source, sink):
            break_off(end)


def break_off(end: socket.socket):
    """Wakes whoever waits for this socket; its owner closes it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
