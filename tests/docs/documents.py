"""The documents as programs: what a reader types, and what is shown to come of it (docs/README.md has the rules)."""

import dataclasses
import re

FENCE = re.compile(r"^```(\S*)\s*$")
COMMENT = re.compile(r"^<!-- (not run|do|fixtures): (.+?) -->\s*$")
PROMPT = re.compile(r"^(?:([a-z][a-z0-9-]*)[$#]|\$) +(.*)$")
EXIT_CODE = re.compile(r"\s+# exit code (\d+)$")
REMARK = re.compile(r"\s+# .*$")
HERE = "here"  # the machine of a prompt without a name
LANGUAGES = {"console", "text", "c", "toml", "yaml", "json", "python"}


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
class Document:
    fixtures: list[str] = dataclasses.field(default_factory=list)
    steps: list[Command | Action] = dataclasses.field(default_factory=list)
    excused: list[str] = dataclasses.field(default_factory=list)


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
    reason, block, language, start = "", None, "", 0
    for number, line in enumerate(content.splitlines(), 1):
        fence = FENCE.match(line)
        if block is None and (comment := COMMENT.match(line)):
            kind, text = comment.groups()
            if kind == "fixtures":
                document.fixtures = text.split()
            elif kind == "do":
                document.steps.append(Action(f"{name}:{number}", text))
            reason = text if kind == "not run" else ""
        elif block is None and fence:
            block, language, start = [], fence.group(1), number
            if language not in LANGUAGES:
                raise DocumentError(f"{name}:{number}: a block of {language or 'no language'}: commands are `console`, all else "
                                    f"is one of {', '.join(sorted(LANGUAGES - {'console'}))}")
        elif block is not None and fence:
            take_block(document, name, block, language, start, reason)
            block, reason = None, ""
        elif block is not None:
            block.append(line)
        elif line.strip():
            reason = ""
    return document


def take_block(document: Document, name: str, block: list[str], language: str, start: int, reason: str):
    if language == "console" and not reason:
        document.steps += commands_of(block, name, start + 1)
    elif language == "console":
        document.excused.append(f"{name}:{start}: {reason}")
    elif reason:
        raise DocumentError(f"{name}:{start}: only a console block needs a reason not to be run")
    elif language == "text" and any(line.startswith("$ ") for line in block):
        raise DocumentError(f"{name}:{start}: commands in a text block: make it `console`")
