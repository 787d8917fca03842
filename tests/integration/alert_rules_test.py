#!/usr/bin/env python3
"""The alert rules of docs/prometheus over series that a test makes up: SPEC ALERT-1, ALERT-2. Needs no agent."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "docs/prometheus/latchkey-alerts.rules.yml"
NODE = 'instance="a",job="latchkey"'
# An agent that is well; every case begins with it.
WELL = {
    f"up{{{NODE}}}": "1+0x60",
    f'latchkey_build_info{{{NODE},version="1"}}': "1+0x60",
    f"latchkey_usable{{{NODE}}}": "1+0x60",
    f"latchkey_recording{{{NODE}}}": "1+0x60",
    f"latchkey_over_quota{{{NODE}}}": "0+0x60",
    f'latchkey_clock_anomaly{{{NODE},code="clock-ahead"}}': "0+0x60",
    f'latchkey_peer_facts_behind{{{NODE},node="other"}}': "0+0x60",
    f"latchkey_peer_heartbeat_age_seconds{{{NODE}}}": "1+0x60",
}
NEVER = 999
# What fires as well for most of the time, and has a case of its own.
BESIDE = {"LatchkeyBufferEnding": "LatchkeyBufferRunning"}


def told(id_: str, severity: str) -> str:
    return f'latchkey_alert{{{NODE},id="{id_}",severity="{severity}"}}'


def by_agent(rule: str, id_: str, severity: str = "warning", wait: int = 0):
    """What an agent tells by itself from minute 10 on, until minute 20."""
    return rule, severity, {told(id_, severity): "_x10 1+0x9 stale"}, 10 + wait, 20


def commits(quick: str, all_: str) -> dict:
    name = "latchkey_store_commit_duration_seconds_bucket"
    return {f'{name}{{{NODE},le="0.1"}}': quick, f'{name}{{{NODE},le="1"}}': all_, f'{name}{{{NODE},le="+Inf"}}': all_}


def requests(route: str, good: str, bad: str) -> dict:
    name = f'latchkey_http_requests_total{{{NODE},method="GET",route="{route}"'
    return {f'{name},code="2xx"}}': good, f'{name},code="5xx"}}': bad}


def pool(used: str, licensed: str) -> dict:
    labels = f'{NODE},object="kvm",unit="cpu-socket"'
    return {f"latchkey_pool_used{{{labels}}}": used, f"latchkey_pool_licensed{{{labels}}}": licensed}


# Rule, severity, the series (one sample a minute), and the minutes from and until which it fires.
CASES = [
    ("LatchkeyAgentDown", "critical", {f"up{{{NODE}}}": "1+0x9 0+0x10 1+0x30"}, 12, 21),
    ("LatchkeyAgentAbsent", "critical", {f'latchkey_build_info{{{NODE},version="1"}}': "1+0x9 stale _x9 1+0x30"}, 15, 20),
    ("LatchkeyDiskRefuses", "critical", {f"latchkey_recording{{{NODE}}}": "1+0x9 0+0x9 1+0x30"}, 10, 20),
    ("LatchkeyCommitsSlow", "warning", commits("0+100x9 1000+95x50", "0+100x60"), 23, NEVER),
    (None, "", commits("0+100x60", "0+100x60"), 0, 0),
    ("LatchkeyRequestsFailing", "warning", requests("/v1/pools", "0+100x60", "0+0x9 0+10x50"), 18, NEVER),
    (None, "", requests("/v1/pools", "0+100x60", "0+4x60"), 0, 0),
    (None, "", requests("/health/ready", "0+0x60", "0+10x60"), 0, 0),  # no error of the agent's own
    ("LatchkeyUnusable", "critical", {f"latchkey_usable{{{NODE}}}": "1+0x9 0+0x9 1+0x30"}, 11, 20),
    by_agent("LatchkeyLicenseExpiring", "license-expiring:kvm"),
    by_agent("LatchkeyAfterSalesExpiring", "after-sales-expiring:after-sales"),
    by_agent("LatchkeyLicenseExpired", "license-expired:kvm", "critical"),
    by_agent("LatchkeyLicenseExpired", "license-expired", "critical"),
    by_agent("LatchkeyMachineChanged", "machine-changed:0123"),
    by_agent("LatchkeyKeyMissing", "key-missing", "critical", wait=1),
    by_agent("LatchkeyKeyAbnormal", "key-abnormal", wait=1),
    by_agent("LatchkeyKeyFault", "key-fault", "critical", wait=1),
    ("LatchkeyBufferRunning", "warning", {f"latchkey_buffer_remaining_seconds{{{NODE}}}": "_x10 864000-60x9 stale"}, 11, 20),
    # 3 days and 2 minutes are left at minute 10; it ends when the key is back.
    ("LatchkeyBufferEnding", "critical", {f"latchkey_buffer_remaining_seconds{{{NODE}}}": "_x10 259320-60x15 stale"}, 13, 26),
    (None, "", {f"latchkey_buffer_remaining_seconds{{{NODE}}}": "0+0x60"}, 0, 0),
    by_agent("LatchkeyBufferOver", "buffer-over", "critical"),
    ("LatchkeyOverQuota", "critical", {f"latchkey_over_quota{{{NODE}}}": "0+0x9 1+0x9 0+0x30"}, 10, 20),
    by_agent("LatchkeyOverUse", "over-use:kvm:cpu-socket"),
    ("LatchkeyPoolAlmostUsed", "warning", pool("89+0x9 90+0x19 80+0x30", "100+0x60"), 20, 30),
    (None, "", pool("0+0x60", "0+0x60"), 0, 0),
    by_agent("LatchkeyLowWater", "low-water:kvm:cpu-socket"),
    by_agent("LatchkeyServerDisconnected", "license-server-disconnected", wait=1),
    by_agent("LatchkeyPeerUnreachable", "peer-unreachable"),
    ("LatchkeyPeerLag", "warning", {f'latchkey_peer_facts_behind{{{NODE},node="other"}}': "0+0x9 3+0x19 0+0x30"}, 15, 30),
    ("LatchkeyPeerSilent", "warning", {f"latchkey_peer_heartbeat_age_seconds{{{NODE}}}": "1+0x9 31+60x9 1+0x30"}, 11, 20),
    ("LatchkeyClockAnomaly", "warning", {f'latchkey_clock_anomaly{{{NODE},code="clock-ahead"}}': "0+0x9 1+0x9 0+0x30"}, 10, 20),
    *(by_agent("LatchkeyHistoryDamaged", f"{kind}:0011-3")
      for kind in ("history-restored", "history-forked", "chain-broken", "leases-damaged")),
    (None, "", {}, 0, 0),
]
FIRING = 'count by (alertname, severity) (ALERTS{{alertstate="firing",alertname!="{ignored}"}})'
# Said by a rule of its own measure instead of latchkey_alert.
MEASURED = {"over-quota": "LatchkeyOverQuota", "buffer-running": "LatchkeyBufferRunning", "store-failed": "LatchkeyDiskRefuses",
            **dict.fromkeys(("clock-ahead", "clock-behind", "peer-clock-ahead", "clocks-differ"), "LatchkeyClockAnomaly")}


def case_as_test(case) -> dict:
    rule, severity, series, begin, end = case
    checks = []
    for minute in sorted({m for m in (0, begin - 1, begin, end - 1, end, 40) if 0 <= m <= 50}):
        fires = rule is not None and begin <= minute < end
        labels = f'{{alertname="{rule}", severity="{severity}"}}'
        checks.append({"expr": FIRING.format(ignored=BESIDE.get(rule, "")), "eval_time": f"{minute}m",
                       "exp_samples": [{"labels": labels, "value": 1}] if fires else []})
    return {"name": f"{rule or 'nothing'} {sorted(series)}", "interval": "1m",
            "input_series": [{"series": s, "values": v} for s, v in (WELL | series).items()],
            "promql_expr_test": checks}


class AlertRulesTest(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, f"promtool {arguments}\n{done.stdout}{done.stderr}")

    def promtool_test(self, *tests: dict):
        """promtool reads YAML, of which JSON is a part."""
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}, file)
            file.flush()
            self.promtool("test", "rules", file.name)

    def test_the_rules_are_rules(self):
        self.promtool("check", "rules", RULES)

    def test_every_rule_fires_when_it_should_and_not_else(self):  # SPEC ALERT-1
        self.promtool_test(*map(case_as_test, CASES))
        rules = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
        self.assertEqual(rules, {case[0] for case in CASES} - {None})

    def test_a_wrong_expectation_is_noticed(self):
        broken = case_as_test(("LatchkeyKeyMissing", "critical", {told("key-missing", "critical"): "1+0x60"}, 30, 40))
        with self.assertRaises(AssertionError):
            self.promtool_test(broken)

    def test_what_people_read(self):
        """Every rule says what is the matter and what to do; figures are in it in words."""
        text = RULES.read_text()
        for name, rule in re.findall(r"- alert: (\w+)\n(.*?)(?=\n      - alert|\n  - name|\Z)", text, re.S):
            for annotation in ("summary", "cure"):
                self.assertRegex(rule, rf"\n          {annotation}: \S.{{20,}}", name)
        labels = {"instance": "a", "job": "latchkey", "severity": "warning"}
        self.promtool_test({
            "interval": "1m", "input_series": [{"series": f"latchkey_buffer_remaining_seconds{{{NODE}}}",
                                                "values": "864000-60x20"}],
            "alert_rule_test": [{"eval_time": "10m", "alertname": "LatchkeyBufferRunning", "exp_alerts": [{
                "exp_labels": labels,
                "exp_annotations": {
                    "summary": "A buffer license stands in for the USB key for 9d 23h 50m 0s more.",
                    "cure": "Insert the USB key again, into either node, before that."}}]}]})

    def test_every_alert_of_an_agent_has_its_rule(self):  # SPEC ALERT-2
        """docs/operations.md lists the ids that agents use."""
        operations = (ROOT / "docs/operations.md").read_text()
        table = operations.split("## Alerts")[1].split("## ")[0]
        ids = [id_.split(":")[0] for row in re.findall(r"^\| (`.*?) \|", table, re.M) for id_ in re.findall(r"`([^`]+)`", row)]
        self.assertGreater(len(ids), 15)
        selectors = re.findall(r'latchkey_alert\{id=~?"([^"]+)"\}', RULES.read_text())
        for id_ in ids:
            by_id = any(re.fullmatch(pattern, id_ + more) for pattern in selectors for more in ("", ":x"))
            self.assertTrue(by_id or MEASURED.get(id_, "") in RULES.read_text() and id_ in MEASURED, f"no rule for {id_}")


if __name__ == "__main__":
    unittest.main()
