#!/usr/bin/env python3
"""Runs what the documents say: every console block of README.md and docs/*.md in order, and compares what comes with what
is shown (docs/README.md has the rules). One document: `docs_test.py first-hour`."""

import os
import pathlib
import re
import subprocess
import sys
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import documents  # noqa: E402
import fixtures  # noqa: E402
import lab as labs  # noqa: E402
import machines  # noqa: E402
import net_lab  # noqa: E402
import shapes  # noqa: E402

DOCS = labs.ROOT / "docs"
FILES = {"README": labs.ROOT / "README.md"} | {file.stem: file for file in sorted(DOCS.glob("*.md")) if file.name != "README.md"}
# Where the ids of alerts are, up to what they are about.
ALERTS = {"core/pool/alerts.cpp": r'raise(?:_key)?\(\{?"([a-z-]+)|name = "([a-z-]+):',
          "core/deployment/clock_anomaly.cpp": r'"((?:peer-)?clocks?-[a-z]+)"',
          "agent/app": r'warn\(\w+, "([a-z-]+)"|"(store-failed)"'}


class DocsTest(unittest.TestCase):
    def run_document(self, document: documents.Document):
        lab = self.enterContext(labs.Lab())
        world = fixtures.Fixtures(lab)
        self.addCleanup(world.end)
        for fixture in document.fixtures:
            world.set_up(fixture)
        names = shapes.Names()
        for step in document.steps:
            if isinstance(step, documents.Action):
                world.act(step.text)
            elif isinstance(step, documents.File):
                world.write(step.machine, step.name, names.apply(step.text))
            else:
                self.run_command(world, names, step)

    def run_command(self, world: fixtures.Fixtures, names: shapes.Names, command: documents.Command):
        typed = world.with_devices(names.apply(command.text))
        code, said = world.machine(command.machine).run(typed)
        told = f"{command.where}: {typed}\n" + "\n".join(said[-40:])
        if os.environ.get("LATCHKEY_DOCS_SHOW"):  # for who writes a document
            print(told)
        self.assertEqual(code, command.exit_code, told)
        if command.shown:
            self.assertEqual(names.match(command.shown, said), "", told)


def add_document(name: str, path: pathlib.Path):
    def test(self):
        self.run_document(documents.parse(path.read_text(), f"{path.relative_to(labs.ROOT)}"))
    setattr(DocsTest, f"test_{name.replace('-', '_')}", test)


class RulesTest(unittest.TestCase):
    """The rules of this test itself: what breaks them is found."""

    def test_a_block_is_run_or_excused(self):
        for text in ("```\nlatchkey status\n```\n", "```sh\nls\n```\n", "```console\nlatchkey status\n```\n", "```text\n$ ls\n```\n",
                     "<!-- not run: because -->\n```text\nx\n```\n", "```toml\na = 1\n```\n", "So:\n\n    latchkey status\n", "<!-- file: a on b -->\n```console\n$ x\n```\n"):
            with self.assertRaises(documents.DocumentError, msg=text):
                documents.parse(text, "sample")
        document = documents.parse("<!-- not run: needs a token -->\n```console\n$ ls\n```\n\n"
                                   "```console\nvendor$ a \\\n  b  # why\n> c\nd\n```\n", "sample")
        self.assertEqual(document.excused, [documents.Excused("sample:2", "needs a token", ["$ ls"])])
        file = documents.parse("<!-- file: a.toml on vendor -->\n```toml\na = 1\n```\n", "sample")
        self.assertEqual(file.steps, [documents.File("sample:2", "vendor", "a.toml", "a = 1\n")])
        self.assertEqual([(step.machine, step.text, step.shown) for step in document.steps], [("vendor", "a \\\n  b  # why\nc", ["d"])])

    def test_what_is_shown_is_compared_by_shape(self):
        for shown, came, fits in (
                ("key LK-8PPW8-BCSP8-9RKMP-Y6JK6-R is in", "key LK-XXXXX-BCSP8-9RKMP-Y6JK6-0 is in", True),
                ("key LK-8PPW8-BCSP8-9RKMP-Y6JK6-R is in", "key - is in", False),
                ("ends 2026-11-21 18:58 UTC (30 days).", "ends 2027-01-02 00:00 UTC (29 days).", True),
                ("Ready", "Missing", False), ("a … c", "a b c", True), ("10 used", "11 used", False)):
            self.assertEqual(shapes.Names().match([shown], [came]) == "", fits, shown)
        names = shapes.Names()
        self.assertEqual(names.match(["L-00000000000000000000"], ["L-11111111111111111111"]), "")
        self.assertEqual(names.apply("delete L-00000000000000000000"), "delete L-11111111111111111111")
        self.assertNotEqual(names.match(["L-00000000000000000000"], ["L-22222222222222222222"]), "")
        self.assertEqual(names.match(["a", "…", "d"], ["a", "b", "c", "d"]), "")
        self.assertIn("is not shown: b", names.match(["a"], ["a", "b"]))
        self.assertIn("did not come: b", names.match(["a", "b"], ["a"]))


class TablesTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        broken = []
        for file in (*FILES.values(), DOCS / "README.md", *DOCS.glob("decisions/*.md")):
            for link in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", file.read_text()):
                target = (file.parent / link[0]) if link[0] else file
                if not target.exists() or link[1] and link[1][1:] not in anchors(target):
                    broken.append(f"{file.name}: {link[0]}{link[1]}")
        self.assertEqual(broken, [])

    def test_the_readme_leads_to_every_document_in_one_click(self):
        linked = set(re.findall(r"\]\(docs/([a-z-]+\.md|api\.yaml)", FILES["README"].read_text()))
        for_developers = {"emulator.md", "play.md", "store.md"}  # docs/README.md has them
        there = {path.name for path in FILES.values() if path.parent == DOCS} | {"api.yaml"}
        self.assertEqual(there - linked - for_developers, set())

    def test_every_alert_has_a_row_that_says_what_it_wants(self):  # SPEC ALERT-1
        row = re.compile(r"^\| (`[^|]+`) \| [^|]+ \| [^|]+ \|$", re.M)
        told = {re.split("[:…]", name)[0] for cells in row.findall((DOCS / "operations.md").read_text())
                for name in re.findall(r"`([a-z-]+[^`]*)`", cells)}
        catalogue = set(re.findall(r"^ *alert: ([a-z-]+)", (DOCS / "prometheus/latchkey-alerts.rules.yml").read_text(), re.M))
        self.assertLessEqual(catalogue, told)
        made = alert_ids()
        self.assertGreaterEqual(len(made), 20, made)
        self.assertEqual(made - told, set())


    def test_what_is_run_elsewhere_is(self):
        """The reasons that documents give for blocks that are not run."""
        parsed = {path.name: documents.parse(path.read_text(), path.name) for path in FILES.values()}
        run = {name: {head(step.text) for step in document.steps if isinstance(step, documents.Command)}
               for name, document in parsed.items()}
        excused = [block for document in parsed.values() for block in document.excused]
        self.assertGreater(len(excused), 10)
        for block in excused:
            for name in re.findall(r"(\S+\.md) runs", block.reason):
                typed = {head(documents.PROMPT.sub(r"\2", line)) for line in block.lines}
                self.assertEqual(typed - run[name], set(), block.where)
            for story in re.findall(r"tools/dev vm ([a-z-]+)", block.reason):
                self.assertTrue(list(labs.ROOT.glob(f"tests/vm/{story}*/*.sh")), block)
            for file in re.findall(r"tests/[\w./-]+\w", block.reason):
                self.assertTrue((labs.ROOT / file).exists(), block)

    def test_pieces_of_c_compile(self):
        pieces = [piece for file in FILES.values() for piece in re.findall(r"^```c\n(.*?)^```", file.read_text(), re.M | re.S)]
        self.assertGreater(len(pieces), 0)
        for piece in pieces:
            source = ('#include "latchkey_client.h"\nextern void on_change(const latchkey_status*, void*);\n'
                      f"void piece(void) {{ latchkey_error error; latchkey_status status = {{sizeof status}};\n{piece}}}\n")
            done = subprocess.run(["cc", "-Wall", "-Werror", "-fsyntax-only", "-I", labs.ROOT / "tools/latchkey-client", "-xc", "-"],
                                  input=source, capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)


    def test_the_script_that_packs_a_slot(self):
        """docs/protocol-piv.md section 7 makes what unit/drivers/piv_codec_test reads."""
        script, = re.findall(r"^```python\n(.*?)^```", FILES["protocol-piv"].read_text(), re.M | re.S)
        envelope = b'{"payload":"e30="}'
        slot = subprocess.run([sys.executable, "-c", script, "7"], input=envelope, capture_output=True, check=True, timeout=30).stdout
        self.assertEqual(slot[:12], bytes.fromhex("4c4b4c310000000700000012"))
        self.assertEqual(int.from_bytes(slot[12:16], "big"), zlib.crc32(slot[4:12] + slot[16:]))
        self.assertEqual(zlib.decompress(slot[16:]), envelope)


def head(command: str) -> str:
    """Program and verbs."""
    return re.match(r"[a-zA-Z/-]*(?: [a-z][a-z-]*(?= |$))*", command.strip()).group()


def anchors(document: pathlib.Path) -> set[str]:
    """Of its headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def alert_ids() -> set[str]:
    found = set()
    for place, pattern in ALERTS.items():
        path = labs.ROOT / place
        text = "".join(re.sub(r"\s*\n\s*", "", file.read_text()) for file in ([path] if path.is_file() else path.glob("*.cpp")))
        ids = {match.group(match.lastindex) for match in re.finditer(pattern, text.replace(',"', ', "'))}
        if not ids:
            raise AssertionError(f"{place} has no alerts any more: tell this test where they are")
        found |= ids
    return found


for name, path in FILES.items():
    add_document(name, path)

if __name__ == "__main__":
    net_lab.alone()
    machines.prepare()
    chosen = [argument if argument.startswith("-") or "Test" in argument else f"DocsTest.test_{argument.replace(chr(45), chr(95))}"
              for argument in sys.argv[1:]]
    unittest.main(argv=[sys.argv[0], *chosen])
