"""The documents as programs: what a reader types, and what is shown to come of it (docs/README.md has the rules)."""

import dataclasses
import re

FENCE = re.compile(r"^```(\S*)\s*$")
COMMENT = re.compile(r"^<!-- (not run|checked|do|file|fixtures): (.+?) -->\s*$")
PROMPT = re.compile(r"^(?:([a-z][a-z0-9-]*)[$#]|\$) +(.*)$")
EXIT_CODE = re.compile(r"\s+# exit code (\d+)$")
INDENTED = re.compile(r"^ {4,}\S")
REMARK = re.compile(r"\s+# .*$")
HERE = "here"  # the machine of a prompt without a name
FILES = {"c", "toml", "yaml", "json", "python"}  # what some program has to read
LANGUAGES = {"console", "text"} | FILES


class DocumentError(Exception):
    """A document breaks the rules; says where."""


@dataclasses.dataclass
class Command:
    where: str
    machine: str
    text: str
    exit_code: int = 0
    shown: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Action:
    """What a hand does: plugs, pulls, carries a file."""

    where: str
    text: str


@dataclasses.dataclass
class File:
    """A block that is a file of a machine."""

    where: str
    machine: str
    name: str
    text: str


@dataclasses.dataclass
class Excused:
    """A block that is not run here, and why; or what checks it elsewhere."""

    where: str
    reason: str
    lines: list[str]


@dataclasses.dataclass
class Document:
    fixtures: list[str] = dataclasses.field(default_factory=list)
    steps: list[Command | Action | File] = dataclasses.field(default_factory=list)
    excused: list[Excused] = dataclasses.field(default_factory=list)


def commands_of(lines: list[str], where: str, first_line: int) -> list[Command]:
    commands: list[Command] = []
    more = False
    for number, line in enumerate(lines, first_line):
        prompt = PROMPT.match(line)
        if more or (commands and line.startswith("> ")):
            commands[-1].text += "\n" + line.removeprefix("> ")
        elif prompt:
            code = EXIT_CODE.search(line)
            text = prompt.group(2) if "<<" in line else REMARK.sub("", prompt.group(2))
            commands.append(Command(f"{where}:{number}", prompt.group(1) or HERE, text, int(code.group(1)) if code else 0))
        elif commands:
            commands[-1].shown.append(line)
        else:
            raise DocumentError(f"{where}:{number}: output without a command: begin commands with `$ ` or `machine$ `")
        more = line.endswith("\\")
    return commands


def parse(content: str, name: str) -> Document:
    document = Document()
    about, block, language, start, blank = ("", ""), None, "", 0, True
    for number, line in enumerate(content.splitlines(), 1):
        fence = FENCE.match(line)
        if block is None and (comment := COMMENT.match(line)):
            kind, text = comment.groups()
            if kind == "fixtures":
                document.fixtures = text.split()
            elif kind == "do":
                document.steps.append(Action(f"{name}:{number}", text))
            about = (kind, text) if kind in ("not run", "checked", "file") else ("", "")
        elif block is None and fence:
            block, language, start = [], fence.group(1), number
            if language not in LANGUAGES:
                raise DocumentError(f"{name}:{number}: a block of {language or 'no language'}: commands are `console`, all else "
                                    f"is one of {', '.join(sorted(LANGUAGES - {'console'}))}")
        elif block is not None and fence:
            take_block(document, f"{name}:{start}", block, language, about)
            block, about = None, ("", "")
        elif block is not None:
            block.append(line)
        elif INDENTED.match(line) and blank:
            raise DocumentError(f"{name}:{number}: an indented block: fence it, so that it is run")
        elif line.strip():
            about = ("", "")
        blank = not line.strip()
    return document


def take_block(document: Document, where: str, block: list[str], language: str, about: tuple[str, str]):
    kind, text = about
    if language == "console" and not kind:
        name, line = where.rsplit(":", 1)
        document.steps += commands_of(block, name, int(line) + 1)
    elif (kind, language) == ("not run", "console") or (kind == "checked" and language in FILES):
        document.excused.append(Excused(where, text, block))
    elif kind == "file" and language != "console":
        name, machine = text.split(" on ")
        document.steps.append(File(where, machine, name, "\n".join(block) + "\n"))
    elif kind:
        raise DocumentError(f"{where}: `{kind}` does not go with a block of {language}")
    elif language in FILES:
        raise DocumentError(f"{where}: a block of {language} that nothing reads: `file: NAME on MACHINE`, or `checked: by what`")
    elif any(line.startswith("$ ") for line in block):
        raise DocumentError(f"{where}: commands in a text block: make it `console`")
