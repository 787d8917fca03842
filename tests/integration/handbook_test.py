#!/usr/bin/env python3
"""Manual pages, completions, docs/cli.md and the default configuration against what the programs themselves say."""

import functools
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["LATCHKEY_BIN"])
HANDBOOK = BIN.parent / "handbook"
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("latchkey", "latchkey-vendor")


def run(*command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def listed(help_text: str, heading: str) -> str:
    """The lines below a heading, up to the next empty line."""
    found = re.search(rf"^{heading}:\n(.*?)(?:\n\n|\Z)", help_text, re.M | re.S)
    return found.group(1) if found else ""


@functools.cache
def commands(program: str, path: tuple = ()) -> dict:
    """path of every command -> its long options, from the help of each."""
    text = run(BIN / program, *path, "--help")
    options = set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", text, re.M)) - {"--help", "--help-all"}
    out = {path: options}
    for child in re.findall(r"^  ([a-z-]+)(?: |$)", listed(text, "Subcommands"), re.M):
        out |= commands(program, (*path, child))
    return out


def page(file: pathlib.Path) -> str:
    return run("env", "MANWIDTH=240", "MAN_KEEP_FORMATTING=", "man", "--local-file", "--warnings=all", "--nh", "--nj", file)


class HandbookTest(unittest.TestCase):
    def test_every_command_and_option_is_in_the_manual_page(self):
        for program in PROGRAMS:
            text = page(HANDBOOK / f"{program}.1")
            sections = dict(re.findall(r"^   (\S.*)\n((?:(?!   \S).*\n)*)", text, re.M))
            tree = commands(program)
            self.assertGreater(len(tree), 10)
            for path, options in tree.items():
                told = sections.get(" ".join(path), "") if path else text
                for word in (program, *path, *options):
                    self.assertIn(word, told, f"{program} {' '.join(path)}")

    def test_the_agents_manual_page_has_its_usage(self):
        text = page(SOURCE / "agent/systemd/latchkey-agent.8")
        usage = run(BIN / "latchkey-agent", "--help")
        for option in re.findall(r"--[a-z-]+", usage):
            self.assertIn(option, text)
        codes = re.findall(r"(\d) (?=[a-z])", usage.split("exit codes")[1])
        self.assertGreater(len(codes), 3)
        for code in codes:
            self.assertRegex(text, rf"(?m)^ +{code} +[a-z]")

    def test_completion_offers_every_command_and_option(self):
        for program in PROGRAMS:
            for path, options in commands(program).items():
                children = {p[len(path)] for p in commands(program) if len(p) == len(path) + 1 and p[:len(path)] == path}
                self.assertEqual(complete(program, *path, ""), children, path)
                self.assertLessEqual(options, complete(program, *path, "--"), path)

    def test_completion_knows_what_is_no_command(self):
        self.assertEqual(complete("latchkey", "--socket", "key", "rec"), {"record"})
        self.assertEqual(complete("latchkey", "--json", "record", "li"), {"list", "licenses"})
        self.assertEqual(complete("latchkey-vendor", "issue", "--issuer", ""), set())  # the shell offers files
        self.assertEqual(complete("latchkey", "license", "install", "x"), set())

    def test_the_default_configuration_and_its_examples_are_taken(self):
        text = (SOURCE / "agent/config/agent.toml").read_text()
        examples = re.sub(r"^#(?=\[|\w+ =)", "", text, flags=re.M)
        self.assertGreater(examples.count("\n["), 1)
        for content in (text, examples):
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(content)
                file.flush()
                run(BIN / "latchkey-agent", "--check-config", "--config", file.name)

    def test_check_config_reads_the_trust_files_as_well(self):
        """What would end the agent's start is said before."""
        with tempfile.TemporaryDirectory() as folder:
            trust = pathlib.Path(folder)
            config = trust / "agent.toml"
            config.write_text(f'[trust]\ndir = "{folder}"\n')

            def check() -> tuple[int, str]:
                done = subprocess.run([BIN / "latchkey-agent", "--check-config", "--config", config], cwd=folder,
                                      capture_output=True, text=True, timeout=60)
                return done.returncode, done.stderr
            self.assertEqual(check(), (0, ""))
            subprocess.run([BIN / "latchkey-vendor", "quickstart"], cwd=folder, check=True, capture_output=True, timeout=60,
                           env=os.environ | {"LATCHKEY_PASSPHRASE": "no secret"})
            (trust / "issuer.pub").rename(trust / "issuer.public")
            self.assertEqual(check(), (0, ""))
            # Signed by roots that only the database may know: no error.
            (trust / "root.pub").write_bytes((trust / "issuer.public").read_bytes())
            code, said = check()
            self.assertEqual(code, 0)
            self.assertIn("Too few of the root keys", said)
            for name in ("bundle.json", "root.pub"):
                (trust / name).write_text("junk")
                code, said = check()
                self.assertEqual(code, 3)
                self.assertIn(f"{folder}/{name}: ", said)
            config.write_text('[trust]\nroots = ["/nowhere/root.pub"]\n')
            self.assertEqual(check()[0], 3)

    def test_the_first_hour_is_the_walk_that_a_vm_plays(self):
        played = re.findall(r"^[^#\n].*", (SOURCE / "tests/vm/walk/commands").read_text(), re.M)
        section = (SOURCE / "docs/first-hour.md").read_text().split("## With real hardware")[1]
        told = [line.split("  # ")[0] for line in re.findall(r"^\$ (.*)", section, re.M)]
        self.assertEqual(told, played)
        self.assertLessEqual(len(played), 15)

    def test_every_command_that_people_are_told_to_type_exists(self):
        named = named_commands()
        self.assertGreater(len(named), 100)
        self.assertEqual({f"{where}: {command}": wrong for command, where in named.items() if (wrong := misnamed(command))}, {})
        self.assertEqual([misnamed(command) for command in ("latchkey licence list", "latchkey license list --all", "latchkey key")],
                         ["licence", "--all", ""])

    def test_every_setting_of_the_table_is_one_and_none_is_missing(self):
        table = (SOURCE / "docs/operations.md").read_text().split("## Configuration")[1].split("\n## ")[0]
        told = {key for row in re.findall(r"^\| (`.*?) \|", table, re.M) for key in re.findall(r"`([a-z_.]+)`", row)}
        source = (SOURCE / "agent/config/config.cpp").read_text()
        read = {f"{section}.{name}" for section, body in re.findall(r"^void read_(\w+)\(TableReader(.*?)^}", source, re.M | re.S)
                for name in re.findall(r'reader\.\w+(?:<.*?>)?\(\s*"(\w+)"', body)}
        self.assertEqual(read | {"state_dir"}, told)
        self.assertGreater(len(told), 25)
        with tempfile.NamedTemporaryFile("w+", suffix=".toml") as file:
            for key in sorted(told):
                section, _, name = key.rpartition(".")
                file.seek(0)
                file.truncate()
                file.write((f"[{section}]\n" if section else "") + f"{name} = 1979-05-27\n")  # what no setting is
                file.flush()
                done = subprocess.run([BIN / "latchkey-agent", "--check-config", "--config", file.name], capture_output=True,
                                      text=True, timeout=60)
                self.assertEqual(done.returncode, 3, key)
                self.assertNotIn("not a known key", done.stderr, key)

    def test_every_file_that_a_document_names_exists(self):
        named = {}
        for file in (SOURCE / "README.md", *(SOURCE / "docs").rglob("*.md")):
            for code in re.findall(r"`([^`\n]+)`", file.read_text()):
                for path in re.findall(r"(?:^|[ (])((?:agent|core|docs|drivers|tests|tools|udev|unit|integration|fuzz|property)/[\w./-]*\w)", code):
                    named.setdefault(path, file.name)
        self.assertGreater(len(named), 50)
        lost = {path: where for path, where in named.items() if not any(
            (SOURCE / room / (path + suffix)).exists() for room in ("", "tests") for suffix in ("", ".cpp", ".py", ".h"))}
        self.assertEqual(lost, {})

    def test_every_tool_of_the_tree_that_is_named_exists(self):
        named = set()
        for file in (SOURCE / "README.md", *(SOURCE / "docs").rglob("*.md")):
            text = file.read_text()
            typed = [line for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
            for part in [*re.findall(r"`([^`\n]+)`", text), *typed]:
                named |= set(re.findall(r"tools/dev ([a-z][a-z0-9]+)(?: ([a-z-]+))?", part))
        self.assertGreater(len(named), 10)
        for tool, first in named:
            self.assertTrue((SOURCE / "tools/dev.d" / tool).exists(), tool)
            if tool == "vm" and first:
                self.assertTrue(list((SOURCE / "tests/vm").glob(f"{first}*/*.sh")), first)

    def test_a_tool_that_does_not_exist_is_refused(self):
        refused = subprocess.run([SOURCE / "tools/dev", "arm65"], capture_output=True, text=True)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("no command 'arm65'", refused.stderr)

    def test_every_command_is_in_the_documents(self):
        text = (SOURCE / "docs/cli.md").read_text()
        for path in filter(None, commands("latchkey")):
            self.assertRegex(text, rf"`{' '.join(path)}(?: [^`]*)?`")


def named_commands() -> dict:
    """What documents, rules and messages tell people to type -> where: in backquotes, and in blocks of commands."""
    texts = {file: re.sub(r'"\s*\n\s*"', "", file.read_text()) for room in ("agent", "core", "drivers", "udev", "tools")
             for file in (SOURCE / room).rglob("*") if file.suffix in (".cpp", ".h", ".js", ".toml", ".json")}
    documents = [SOURCE / "README.md", *(SOURCE / "docs").rglob("*.md"), *(SOURCE / "docs").rglob("*.yml")]
    texts |= {file: file.read_text() for file in documents}
    named = {}
    for file, text in texts.items():
        typed = [line for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
        for part in [*re.findall(r"`([^`\n]+)`", text), *typed]:
            for command in re.findall(r"(?:^|[ (])(latchkey(?:-vendor)? [^|;)$]*)", part.split("  #")[0]):
                named.setdefault(command.strip(), file.relative_to(SOURCE))
    return named


def misnamed(command: str) -> str:
    """What of it does not exist, or nothing."""
    program, *words = command.split()
    tree = commands(program)
    path, options, more = (), set(tree[()]) | {"--help", "--help-all", "--version"}, True
    for word in words:
        if word.startswith("--"):
            if word.split("=")[0].rstrip("…,.") not in options:
                return word
        elif more and (*path, word) in tree:
            path = (*path, word)
            options |= tree[path]
        elif more and re.fullmatch(r"[a-z][a-z-]*", word) and any(len(p) == len(path) + 1 and p[:-1] == path for p in tree):
            return word
        else:
            more = False
    return ""


def complete(program: str, *words) -> set:
    """What the completion offers for the last word."""
    function = "_" + program.replace("-", "_")
    script = f'. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); {function}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return set(run("bash", "-c", script, HANDBOOK / f"{program}.bash", program, *words).split())


if __name__ == "__main__":
    unittest.main()
