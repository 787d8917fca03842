#!/usr/bin/env python3
"""From plugging a PIV token in to Ready, the token takes the time: the agent's own share is under a tenth of it.

The agent tells both parts itself (`event=timing`, docs/operations.md). The emulated token signs as slowly as a real one and
is faster in everything else. A busy machine may spoil one measurement, so the best of a few insertions counts.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

INSERTIONS, BOUND = 10, 0.1
TIMING = re.compile(r"event=timing of=plug own_ms=([0-9.]+) device_ms=([0-9.]+)")


def timings(agent) -> list[tuple[float, float]]:
    return [(float(own), float(device)) for own, device in TIMING.findall(agent.log.read_text())]


def main() -> int:
    with labs.Lab() as lab:
        lab.create_vendor()
        lab.start_emulator(["a"])
        lab.create_key("blue", piv=True)
        lab.ctl("a", "fault", "blue", "real-time")
        agent = labs.Agent(lab, "a", lab.port_socket("a"), peer=False).start()
        for number in range(INSERTIONS):
            lab.ctl("a", "plug", "blue")
            labs.wait_for("Ready", lambda: agent.status()["state"] == "Ready")
            labs.wait_for("its timing", lambda n=number: len(timings(agent)) > n)
            lab.ctl("a", "pull", "blue")
            labs.wait_for("Missing", lambda: agent.status()["state"] == "Missing")
        agent.stop()
        for own, device in timings(agent):
            print(f"own {own:.1f} ms, token {device:.1f} ms: {own / device:.1%}")
        best = min(own / device for own, device in timings(agent))
        print(f"best {best:.1%}, bound {BOUND:.0%}")
        return 0 if best < BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
