#!/usr/bin/env python3
"""What two real agents tell Prometheus, by promtool and by a Prometheus that scrapes them as docs/operations.md says:
SPEC SRV-5, ALERT-2, and of SEC-2 that a viewer may scrape."""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lab as labs  # noqa: E402

PROMETHEUS = labs.ROOT / "docs/prometheus"
RULES = PROMETHEUS / "latchkey-alerts.rules.yml"
# Metrics that stand for themselves on every agent; a name in a rule may be one of a histogram's series.
METRIC = re.compile(r"\b(?:latchkey|process)_[a-z_]+")
SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$", re.M)
NO_DATA_WHEN_WELL = ("latchkey_alert{", "latchkey_pool_over", "latchkey_clock_anomaly")


def dashboard_queries() -> list[str]:
    dashboard = json.loads((PROMETHEUS / "latchkey-dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


class MetricsTest(unittest.TestCase):
    """A vendor, keys for ten and for five CPUs, and two agents on the network that are linked."""

    def setUp(self):
        self.lab = self.enterContext(labs.Lab())
        self.lab.create_vendor()
        self.lab.start_emulator(ports=("a", "b"))
        self.lab.create_key("red", entry="kvm:cpu-socket:10")
        self.lab.create_key("blue", entry="kvm:cpu-socket:5")
        self.ports = [labs.free_tcp_port() for _ in "ab"]
        self.a, self.b = (
            labs.Agent(self.lab, f"node-{port}", self.lab.port_socket(port), settle_s=0, rescan_s=1, hold_s=1,
                       extra=f'[server]\nlisten = "127.0.0.1:{tcp}"\n').start() for port, tcp in zip("ab", self.ports))

    def pair(self):
        self.b.join(self.a.invite())
        labs.wait_for("both nodes are linked",
                      lambda: all(n.status()["peer"] == "reachable" for n in (self.a, self.b)))

    def scrape(self, node) -> dict[str, float]:
        """Series by name and labels; promtool has nothing to say of them."""
        text = node.request_text("GET", "/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), text)
        return {f"{name}{{{labels}}}" if labels else name: float(value) for name, labels, value in SAMPLE.findall(text)}

    def wait_metrics(self, node, **expected: float) -> dict[str, float]:
        """Until those without labels are as expected."""
        return labs.wait_for(f"{node.name} shows {expected}", lambda: next(
            (found for found in [self.scrape(node)] if all(found.get(k) == v for k, v in expected.items())), None))

    def health(self, node, of: str) -> int:
        connection = labs.UnixConnection(node.socket)
        connection.request("GET", f"/health/{of}")
        status = connection.getresponse().status
        connection.close()
        return status

    def use_cpus(self, cpus: int):
        self.a.request("PUT", "/v1/consumers/vm-1/usage",
                       {"usage": [{"object": "kvm", "unit": "cpu-socket", "quantity": cpus}]})

    def test_live_and_ready_are_two_questions(self):  # SPEC SRV-5
        self.assertEqual((self.health(self.a, "live"), self.health(self.a, "ready")), (200, 503))
        address = f"127.0.0.1:{self.ports[0]}"
        labs.wait_for("it says where it serves",
                      lambda: self.a.status()["server"] == {"state": "listening", "address": address})
        self.assertIn(f"listening at {address}", subprocess.run(
            [self.lab.bin / "latchkey", "--socket", self.a.socket, "status"], capture_output=True, text=True, timeout=30).stdout)
        self.assertEqual(self.a.get("/v1/server")["version"], self.a.status()["version"])
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("it is protected", lambda: self.health(self.a, "ready") == 200)
        self.lab.ctl("a", "pull", "red")
        self.wait_metrics(self.a, **{'latchkey_key_state{state="Missing"}': 1})
        self.assertEqual(self.health(self.a, "ready"), 200, "the buffer license counts")

    def test_each_state_and_every_metric_that_rules_and_dashboard_name(self):
        kvm = '{object="kvm",unit="cpu-socket"}'
        seen = set(self.scrape(self.a))
        self.assertIn('latchkey_peer_state{state="none"}', seen)
        self.pair()
        self.lab.ctl("a", "plug", "red")
        self.wait_metrics(self.a, latchkey_usable=1)
        self.use_cpus(8)
        ready = self.wait_metrics(self.a, latchkey_leases=1, **{
            f"latchkey_pool_used{kvm}": 8, f"latchkey_pool_licensed{kvm}": 10, f"latchkey_pool_available{kvm}": 2,
            'latchkey_key_state{state="Ready"}': 1, 'latchkey_peer_state{state="reachable"}': 1, "latchkey_recording": 1})
        self.assertEqual(ready['latchkey_http_requests_total{method="PUT",route="/v1/consumers/{id}/usage",code="2xx"}'], 1)
        self.assertGreaterEqual(ready['latchkey_lease_commits_total{result="done"}'], 1)
        self.assertLess(ready["latchkey_peer_heartbeat_age_seconds"], 60)
        labs.wait_for("both nodes have all facts", lambda: all(
            value == 0 for node in (self.a, self.b)
            for series, value in self.scrape(node).items() if series.startswith("latchkey_peer_facts_behind")))

        self.lab.ctl("a", "pull", "red")
        missing = self.wait_metrics(self.a, latchkey_usable=1, **{'latchkey_key_state{state="Missing"}': 1})
        self.assertGreater(missing["latchkey_buffer_remaining_seconds"], 29 * 86400)
        self.assertEqual(missing['latchkey_alert{id="key-missing",severity="warning"}'], 1)

        self.lab.ctl("a", "plug", "blue")
        over = self.wait_metrics(self.a, latchkey_over_quota=1, **{f"latchkey_pool_over{kvm}": 3})
        self.assertNotIn("latchkey_buffer_remaining_seconds", over)
        self.assertEqual(over['latchkey_alert{id="over-quota",severity="critical"}'], 1)

        self.b.kill()
        lonely = self.wait_metrics(self.a, **{'latchkey_peer_state{state="unreachable"}': 1})
        self.assertGreaterEqual(lonely["latchkey_peer_heartbeat_age_seconds"], 1)
        for state in (ready, missing, over, lonely):
            seen |= set(state)
        self.check_names(seen)

    def check_names(self, seen: set[str]):
        exist = {series.split("{")[0] for series in seen}
        rules = " ".join(line for line in RULES.read_text().splitlines() if not line.lstrip().startswith("#"))
        for source, text in (("rules", rules), ("dashboard", " ".join(dashboard_queries()))):
            named = set(METRIC.findall(text))
            self.assertGreater(len(named), 5)
            self.assertLessEqual(named, exist, f"{source} name what no agent tells")
        table = (labs.ROOT / "docs/operations.md").read_text().split("## Health and metrics")[1].split("## ")[0]
        for name in {re.sub("_(bucket|sum|count)$", "", name) for name in exist}:
            self.assertTrue(name in table or re.sub("^latchkey_pool", "…", name) in table, f"{name} is not documented")

    # --- a real Prometheus

    def configure_prometheus(self) -> pathlib.Path:
        """As docs/operations.md has it, with this lab's paths and ports."""
        token = self.a.cli("server", "token", "create", "--role", "viewer", "--name", "prometheus").strip()
        home = self.lab.dir / "prometheus"
        home.mkdir()
        self.lab.run("latchkey", "connect", f"https://localhost:{self.ports[0]}", "--token", token, "--dir", home / "latchkey")
        documented = re.search(r"```yaml\n(.*?)```", (labs.ROOT / "docs/operations.md").read_text(), re.S).group(1)
        config = (documented.replace("/etc/prometheus/latchkey/", f"{home}/latchkey/")
                  .replace("latchkey-alerts.rules.yml", str(RULES))
                  .replace("node-a:8201", f"localhost:{self.ports[0]}").replace("node-b:8201", f"localhost:{self.ports[1]}"))
        file = home / "prometheus.yml"
        file.write_text("global: {scrape_interval: 1s, evaluation_interval: 1s}\n" + config)
        return file

    def start_prometheus(self):
        file = self.configure_prometheus()
        self.address = f"127.0.0.1:{labs.free_tcp_port()}"
        self.lab.spawn(["/usr/bin/prometheus", f"--config.file={file}", f"--storage.tsdb.path={file.parent}/data",
                        f"--web.listen-address={self.address}"], file.parent / "log")

    def prometheus(self, path: str, **query: str):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def result(self, query: str) -> list:
        try:
            return self.prometheus("query", query=query)["result"]
        except (OSError, http.client.HTTPException):
            return []

    def test_a_prometheus_that_is_set_up_as_documented(self):  # SPEC ALERT-2, SEC-2
        self.pair()
        self.lab.ctl("a", "plug", "red")
        labs.wait_for("it is protected", lambda: self.health(self.b, "ready") == 200)
        self.use_cpus(8)
        self.lab.ctl("a", "pull", "red")
        self.start_prometheus()
        labs.wait_for("both nodes are scraped twice", lambda: len(self.result("rate(process_cpu_seconds_total[1m])")) == 2, 60)
        labs.wait_for("the alerts of both nodes are there", lambda: len(
            self.result('ALERTS{alertname=~"LatchkeyKeyMissing|LatchkeyBufferRunning"}')) == 4, 60)
        groups = self.prometheus("rules")["groups"]
        broken = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"]
        self.assertEqual(broken, [])
        queries = [q.replace("$instance", ".*").replace("$__rate_interval", "1m") for q in dashboard_queries()]
        empty = [q for q in queries if not self.prometheus("query", query=q)["result"]]
        self.assertEqual([q for q in empty if not any(name in q for name in NO_DATA_WHEN_WELL)], [])


if __name__ == "__main__":
    unittest.main()
