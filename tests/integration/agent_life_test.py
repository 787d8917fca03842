#!/usr/bin/env python3
"""The life of one agent process: start, reload, stop, refusals, and what a restart remembers."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

EXIT_CONFIG, EXIT_STATE, EXIT_SOCKET = 3, 4, 5


def check(condition, message):
    if not condition:
        raise labs.LabError(message)


def run_to_end(lab, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run([lab.bin / "latchkey-agent", *map(str, arguments)], capture_output=True, text=True, timeout=10)


def kinds(agent) -> list:
    return [record["kind"] for record in agent.get("/v1/records?limit=1000")["records"]]


def config_errors_are_told_at_once(lab):
    bad = lab.dir / "bad.toml"
    bad.write_text('[keys]\nsettle_s = 61\nsetle_s = 1\n[log]\nlevel = "loud"\n')
    done = run_to_end(lab, "--config", bad)
    check(done.returncode == EXIT_CONFIG, done)
    for line, key in ((2, "keys.settle_s"), (3, "keys.setle_s"), (5, "log.level")):
        check(f"{bad}:{line}: {key}: " in done.stderr, done.stderr)


def a_taken_socket_is_told(lab, agent):
    second = lab.dir / "second.toml"
    second.write_text(agent.config.read_text().replace(str(agent.dir / "state"), str(lab.dir / "second-state")))
    done = run_to_end(lab, "--config", second)
    check(done.returncode == EXIT_SOCKET and "socket-in-use" in done.stderr, done)
    done = run_to_end(lab, "--config", agent.config)
    check(done.returncode == EXIT_STATE and "database-in-use" in done.stderr, done)


def a_reload_changes_what_it_can(lab, agent):
    text = agent.config.read_text()
    agent.config.write_text(text.replace('level = "info"', 'level = "debug"').replace("settle_s = 3", "settle_s = 4"))
    agent.process.send_signal(signal.SIGHUP)
    labs.wait_for("reload", lambda: "event=config-reloaded" in agent.log.read_text())
    check("event=config-needs-restart key=keys.settle_s" in agent.log.read_text(), "settle_s needs a restart")
    agent.config.write_text("[keys\n")
    agent.process.send_signal(signal.SIGHUP)
    labs.wait_for("refusal", lambda: "event=config-refused" in agent.log.read_text())
    agent.config.write_text(text)
    check(agent.status()["state"] == "Ready", "a reload leaves the key alone")


def a_stop_is_clean_and_quick(agent):
    begun = time.monotonic()
    check(agent.stop() == 0, "SIGTERM ends with 0")
    check(time.monotonic() - begun < 1, "SIGTERM ends within a second")  # DESIGN 4
    check(not agent.socket.exists(), "the socket file goes with the agent")


def a_stop_does_not_wait_for_a_hung_key(lab, agent):
    lab.ctl("a", "fault", "red", "silent")
    agent.post("/v1/key/refresh")
    labs.wait_for("reading", lambda: agent.status()["reading"])
    a_stop_is_clean_and_quick(agent)
    lab.ctl("a", "fault", "red", "none")


def a_key_pulled_while_down_is_noticed(lab, agent):  # SPEC KEY-14
    lab.ctl("a", "pull", "red")
    agent.start()
    missing = labs.wait_for("Missing", lambda: agent.status() if agent.status()["state"] == "Missing" else None)
    check(missing["reason"] == "removed" and missing["buffer"] and missing["usable"], missing)
    records = agent.get("/v1/records")["records"]
    check(any("while the agent was not running" in record["text"] for record in records), records)
    check("node-stopped" in kinds(agent), "the clean stop is on record")


def the_key_brings_a_lost_history_back(lab, agent):  # SPEC BUF-10
    time.sleep(3.5)  # past the settle time: the removal stands
    until = agent.status()["buffer"]["until"]
    lab.ctl("a", "plug", "red")
    labs.wait_for("the stamp is on the key", lambda: "event=stamp-written" in agent.log.read_text())
    agent.stop()
    for file in (agent.dir / "state").glob("latchkey.db*"):
        file.unlink()
    agent.start()
    status = labs.wait_for("Ready", lambda: agent.status() if agent.status()["state"] == "Ready" else None)
    check(status["if_removed_now"]["until"] == until, f"the buffer is inherited (BUF-3): {until} {status}")


def systemd_hears_of_it(agent):
    agent.stop()
    path = agent.dir / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(5)
        heard = ""

        def hear(word: str):
            nonlocal heard
            while not re.search(f"^{word}$", heard, re.M):
                heard += manager.recv(4096).decode() + "\n"

        os.environ["NOTIFY_SOCKET"] = str(path)
        try:
            agent.start()
            hear("READY=1")  # it may answer a moment before its start is durable
            agent.stop()
            hear("STOPPING=1")
        finally:
            del os.environ["NOTIFY_SOCKET"]
    check("STATUS=" in heard, heard)


def main():
    with labs.Lab() as lab:
        lab.create_vendor()
        lab.start_emulator(["a"])
        lab.create_key("red")
        agent = labs.Agent(lab, "node-a", lab.port_socket("a"), peer=False).start()
        config_errors_are_told_at_once(lab)
        a_taken_socket_is_told(lab, agent)
        lab.ctl("a", "plug", "red")
        labs.wait_for("Ready", lambda: agent.status()["state"] == "Ready")
        check(agent.status()["emulated_port"], "an agent with an emulated port says so")
        a_reload_changes_what_it_can(lab, agent)
        a_stop_does_not_wait_for_a_hung_key(lab, agent)
        a_key_pulled_while_down_is_noticed(lab, agent)
        the_key_brings_a_lost_history_back(lab, agent)
        systemd_hears_of_it(agent)
    print("The agent lived as it should.")


if __name__ == "__main__":
    main()
