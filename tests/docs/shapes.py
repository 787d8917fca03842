"""Compares what a document shows with what came: ids, times and figures that differ each time by their shape alone."""

import re

KINDS = {
    "key": r"LK-[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z*~$=]",
    "token": r"LKE-[A-Za-z0-9_-]{40,}",
    "license": r"L-[0-9a-f]{20}",
    "invitation": r"[A-Za-z0-9_-]{65,}",
    "hash": r"\b[0-9a-f]{16,64}\b",
    "time": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: UTC|Z)?",
    "date": r"\d{4}-\d\d-\d\d",
    "span": r"\d+ (?:days?|h|min|s)(?: \d+ (?:h|min))?",
    "size": r"\d+ bytes",
    "version": r"\b\d+\.\d+\.\d+\b",
}
# In a document they may be cut short.
SHOWN = KINDS | {"token": r"LKE-[A-Za-z0-9_-]*…?", "invitation": r"eyJ[A-Za-z0-9_-]*…?"}
NAMED = {"key", "license", "hash"}  # what is the same thing wherever it stands
ONCE = {"token", "invitation"}  # each that comes is another one
ANY = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in SHOWN.items()) + "|(?P<rest>…)")


class Names:
    """Which id of this run stands for which one of the document."""

    def __init__(self):
        self.known: dict[str, str] = {}

    def apply(self, text: str) -> str:
        for shown in sorted(self.known, key=len, reverse=True):
            text = text.replace(shown, self.known[shown])
        return text

    def match_line(self, shown: str, came: str) -> bool:
        pattern, at, captured = "", 0, []
        for found in ANY.finditer(shown):
            pattern += re.escape(shown[at:found.start()])
            kind, at = found.lastgroup, found.end()
            if kind in NAMED and found.group() in self.known:
                pattern += re.escape(self.known[found.group()])
            elif kind == "rest":
                pattern += ".*"
            else:
                captured.append((kind, found.group()))
                pattern += f"({KINDS[kind]})"
        result = re.fullmatch(pattern + re.escape(shown[at:]), came)
        if result:
            values = result.groups()
            self.known.update({name: value for (kind, name), value in zip(captured, values) if kind in NAMED | ONCE})
        return result is not None

    def match(self, shown: list[str], came: list[str]) -> str:
        """Empty, or what differs. A line that is `…` alone stands for any number of lines."""
        at = 0
        for index, line in enumerate(shown):
            if line.strip() == "…":
                if index + 1 == len(shown):
                    return ""
                while at < len(came) and not self.match_line(shown[index + 1], came[at]):
                    at += 1
                continue
            if at == len(came):
                return f"shown, but did not come: {line}"
            if not self.match_line(line, came[at]):
                return f"shown: {line}\ncame:  {came[at]}"
            at += 1
        return f"came, but is not shown: {came[at]}" if at < len(came) else ""
