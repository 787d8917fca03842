#!/usr/bin/env python3
"""Every way in which a key may fail, through a real agent: the reason people read, and that the next key still works."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

# SPEC KEY-3: what the emulated key does -> what the agent says. Empty: it works all the same.
REASON_BY_FAULT = {
    "silent": "unreadable",
    "garbage": "unreadable",
    "short": "unreadable",
    "wrong-signature": "not-genuine",
    "no-license": "unprovisioned",
    "busy": "busy",
    "no-permission": "no-permission",
    "slow": "",
}


def settled(agent, state: str) -> dict:
    def probe():
        status = agent.status()
        return status if status["state"] == state and not status["reading"] else None

    return labs.wait_for(state, probe)


def each_fault_has_its_reason(lab, agent):
    told = {}
    for fault, reason in REASON_BY_FAULT.items():
        lab.ctl("a", "fault", "red", fault)
        lab.ctl("a", "plug", "red")
        status = settled(agent, "Fault" if reason else "Ready")
        if status["reason"] != reason:
            raise labs.LabError(f"{fault}: expected {reason}: {status}")
        if reason and (status["usable"] and not status["buffer"]):
            raise labs.LabError(f"{fault}: a key that does not work licenses nothing: {status}")
        if reason:
            told.setdefault(reason, set()).add((status["message"], status["cure"]))
        lab.ctl("a", "pull", "red")
        settled(agent, "Missing")
        lab.ctl("a", "fault", "red", "none")
    texts = set().union(*told.values())
    if len(texts) != len(told) or not all(message and cure for message, cure in texts):
        raise labs.LabError(f"each reason has its own message and cure (SPEC KEY-3): {told}")


def a_copy_is_never_ready(lab, agent):  # SPEC SEC-4
    lab.ctl("a", "create", "copy")
    lab.ctl("a", "copy-content", "red", "copy")
    lab.ctl("a", "plug", "copy")
    status = settled(agent, "Fault")
    if status["reason"] not in ("not-genuine", "wrong-key-id") or status["key"]:
        raise labs.LabError(f"the copy of a key passes: {status}")
    lab.ctl("a", "pull", "copy")
    settled(agent, "Missing")


def a_key_pulled_while_it_is_read_was_never_there(lab, agent):  # SPEC SEC-3
    records = len(agent.get("/v1/records?limit=1000")["records"])
    lab.ctl("a", "fault", "red", "unplug-read")
    lab.ctl("a", "plug", "red")
    labs.wait_for("the key is gone again", lambda: not agent.status()["reading"] and plugged_in(lab, "red") is None)
    status = settled(agent, "Missing")
    if len(agent.get("/v1/records?limit=1000")["records"]) != records:
        raise labs.LabError(f"half a reading became a fact: {status}")
    lab.ctl("a", "plug", "red")
    settled(agent, "Ready")
    lab.ctl("a", "pull", "red")
    settled(agent, "Missing")


def plugged_in(lab, name: str):
    return next(key["port"] for key in lab.ctl("a", "list")["keys"] if key["name"] == name)


def an_agent_takes_no_emulated_key_unasked(lab):
    agent = labs.Agent(lab, "node-b", lab.port_socket("a"), peer=False)
    lines = [line for line in agent.config.read_text().splitlines() if "emulated_port" not in line]
    agent.config.write_text("\n".join(lines))
    agent.start()
    lab.ctl("a", "plug", "red")
    status = agent.status()
    if status["emulated_port"] or status["keys"] or status["state"] != "Missing":
        raise labs.LabError(f"an emulated port that no configuration names is refused: {status}")
    lab.ctl("a", "pull", "red")


def main():
    with labs.Lab() as lab:
        lab.create_vendor()
        lab.start_emulator(["a"])
        lab.create_key("red")
        agent = labs.Agent(lab, "node-a", lab.port_socket("a"), peer=False, deadline_ms=1000).start()
        a_copy_is_never_ready(lab, agent)
        each_fault_has_its_reason(lab, agent)
        a_key_pulled_while_it_is_read_was_never_there(lab, agent)
        an_agent_takes_no_emulated_key_unasked(lab)


if __name__ == "__main__":
    main()
