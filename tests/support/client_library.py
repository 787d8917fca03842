"""liblatchkey-client as a program in another language uses it: through its C ABI (latchkey_client.h)."""

import ctypes
import pathlib
import threading

STATES = ("connecting", "connected", "holding", "refused", "at-risk", "lost", "released")


class Quantity(ctypes.Structure):
    _fields_ = [("object", ctypes.c_char_p), ("unit", ctypes.c_char_p), ("quantity", ctypes.c_uint64)]


class Status(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("state", ctypes.c_int), ("settled", ctypes.c_int),
                ("left_ms", ctypes.c_uint64), ("server", ctypes.c_char_p), ("code", ctypes.c_char_p),
                ("message", ctypes.c_char_p), ("cure", ctypes.c_char_p), ("pool_object", ctypes.c_char_p),
                ("pool_unit", ctypes.c_char_p), ("pool_total", ctypes.c_uint64), ("pool_used", ctypes.c_uint64),
                ("pool_available", ctypes.c_uint64), ("held", ctypes.POINTER(Quantity)), ("held_count", ctypes.c_size_t)]


CALLBACK = ctypes.CFUNCTYPE(None, ctypes.POINTER(Status), ctypes.c_void_p)


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("consumer", ctypes.c_char_p), ("servers", ctypes.POINTER(ctypes.c_char_p)),
                ("server_count", ctypes.c_size_t), ("directory", ctypes.c_char_p), ("ttl_s", ctypes.c_uint32),
                ("on_change", CALLBACK), ("context", ctypes.c_void_p)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_char * 64), ("message", ctypes.c_char * 512), ("cure", ctypes.c_char * 512)]


def load(binaries: pathlib.Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(binaries / "liblatchkey-client.so"))
    library.latchkey_open.restype = ctypes.c_void_p
    library.latchkey_open.argtypes = [ctypes.POINTER(Options), ctypes.POINTER(Error)]
    library.latchkey_use.argtypes = [ctypes.c_void_p, ctypes.POINTER(Quantity), ctypes.c_size_t, ctypes.POINTER(Error)]
    library.latchkey_close.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    return library


class Client:
    """One consumer. What its callback is told is kept: `states`, and the last word in `last`."""

    def __init__(self, binaries, consumer: str, servers=(), directory=None, ttl_s: int = 60):
        self.library = load(binaries)
        self.changed = threading.Condition()
        self.states: list[str] = []
        self.last: dict = {}
        self.callback = CALLBACK(self._on_change)  # kept: C holds on to it
        texts = (ctypes.c_char_p * max(len(servers), 1))(*(str(server).encode() for server in servers))
        options = Options(ctypes.sizeof(Options), consumer.encode(), texts, len(servers),
                          str(directory).encode() if directory else None, ttl_s, self.callback, None)
        error = Error()
        self.handle = self.library.latchkey_open(ctypes.byref(options), ctypes.byref(error))
        if not self.handle:
            raise ValueError(f"{error.code.decode()}: {error.message.decode()}")

    def _on_change(self, status, _):
        word = status.contents
        held = {(item.object.decode(), item.unit.decode()): item.quantity for item in word.held[:word.held_count]}
        with self.changed:
            self.last = {"state": STATES[word.state], "held": held, "code": word.code.decode(),
                         "server": word.server.decode(), "settled": bool(word.settled),
                         "pool": (word.pool_total, word.pool_used, word.pool_available)}
            if self.states[-1:] != [self.last["state"]]:
                self.states.append(self.last["state"])
            self.changed.notify_all()

    def use(self, cpus: int):
        usage = Quantity(b"kvm", b"cpu-socket", cpus)
        if self.library.latchkey_use(self.handle, ctypes.byref(usage), 1, None) != 0:
            raise ValueError("the usage cannot be stated")

    def wait(self, what: str, probe, timeout: float = 30) -> dict:
        """Until `probe` likes the last word."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.last and probe(self.last), timeout):
                raise AssertionError(f"timeout: {what}: {self.states} {self.last}")
            return self.last

    def wait_state(self, state: str, cpus: int | None = None) -> dict:
        return self.wait(f"{state} {cpus}", lambda word: word["state"] == state and
                         (cpus is None or sum(word["held"].values()) == cpus))

    def close(self, release: bool = True, timeout_ms: int = 10_000) -> bool:
        """True: in time; and given back, if asked."""
        handle, self.handle = self.handle, None
        return not handle or self.library.latchkey_close(handle, release, timeout_ms) == 0
