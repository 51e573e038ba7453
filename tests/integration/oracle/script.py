"""The scripts of the oracle: a small text format, one step per line. README.md describes it."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

VERBS = {"connect", "query", "start", "await", "parse", "bind", "describe", "execute", "close", "sync", "more", "flush",
         "copydata", "copydone", "copyfail", "function", "blocked", "running", "cancel", "notified", "disconnect",
         "vanish", "reads"}
TYPES = {"bool": 16, "bytea": 17, "int8": 20, "int2": 21, "int4": 23, "text": 25, "oid": 26, "json": 114, "float4": 700,
         "float8": 701, "unknown": 705, "int4[]": 1007, "text[]": 1009, "varchar": 1043, "date": 1082,
         "timestamp": 1114, "timestamptz": 1184, "numeric": 1700, "uuid": 2950, "jsonb": 3802, "?": 0}
PASSES = ("simple", "extended", "cached")


class Mistake(Exception):
    """A script that cannot be read."""


@dataclass(frozen=True)
class Step:
    line: int
    session: str
    verb: str
    rest: str

    def __str__(self):
        words = " ".join(self.rest.split())
        return f"@{self.session} {self.verb} {words[:300]}"


@dataclass
class Script:
    name: str
    title: str = ""
    passes: tuple = PASSES
    masks: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    @property
    def sessions(self):
        return sorted({step.session for step in self.steps})


def load(path):
    path = Path(path)
    return parse_script(path.stem, path.read_text(encoding="utf-8"))


def parse_script(name, text):
    script, steps = Script(name), []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if not steps:
                raise Mistake(f"{name}:{number}: an indented line belongs to a step, and there is none above")
            steps[-1][3] += "\n" + line.strip("\n")
            continue
        if not _header(script, number, line):
            steps.append(_step(script, number, line))
    script.steps = [Step(line, session, verb, rest.strip()) for line, session, verb, rest in steps]
    if not script.title or not steps:
        raise Mistake(f"{name}: a script has a `title:` and steps")
    return script


def _header(script, number, line):
    key, colon, value = line.partition(":")
    if not colon or key not in ("title", "passes", "mask"):
        return False
    value = value.strip()
    if key == "title":
        script.title = value
    elif key == "mask":
        script.masks.append(re.compile(value))
    else:
        script.passes = tuple(value.split())
        if not set(script.passes) <= set(PASSES):
            raise Mistake(f"{script.name}:{number}: passes are of {', '.join(PASSES)}")
    return True


def _step(script, number, line):
    session = "a"
    if line[0] == "@":
        session, _, line = line[1:].partition(" ")
    verb, _, rest = line.partition(" ")
    if verb not in VERBS:
        raise Mistake(f"{script.name}:{number}: '{verb}' is no verb; there are: {' '.join(sorted(VERBS))}")
    return [number, session, verb, rest]


_OPAQUE = re.compile(r"""\$(\w*)\$.*?\$\1\$|[eE]'(?:\\.|''|[^'\\])*'|'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)


def has_several_statements(sql):
    """Drivers send those by the simple protocol; the extended one refuses them."""
    return ";" in _OPAQUE.sub("", sql).strip().rstrip(";")


def name_of(word):
    """`-` stands for the unnamed statement or portal."""
    return "" if word == "-" else word


def parse_arguments(rest):
    """`s1(int4,text) select $1` -> name, OIDs, SQL."""
    match = re.match(r"([\w\-]+|'[^']*')(?:\(([^)]*)\))?\s*(.*)$", rest, re.DOTALL)
    if not match:
        raise Mistake(f"parse: cannot read '{rest}'")
    name, types, sql = match.groups()
    return name_of(name.strip("'")), [TYPES[word.strip()] for word in (types or "").split(",") if word.strip()], sql


def bind_arguments(rest):
    r"""`portal statement value... [formats=1,0] [results=1]` -> arguments of pgwire.bind. `\x..` is bytes in hex."""
    lexer = shlex.shlex(rest, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    portal, statement, *words = lexer
    values, codes = [], {"formats": (), "results": ()}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in codes:
            codes[key] = tuple(int(code) for code in value.split(","))
        elif word == "NULL":
            values.append(None)
        else:
            values.append(bytes.fromhex(word[2:]) if word.startswith("\\x") else word)
    return name_of(portal), name_of(statement), values, codes["formats"], codes["results"]


def connect_arguments(rest):
    """`user=x options="-c a=b"` -> list of pairs."""
    return [tuple(word.split("=", 1)) for word in shlex.split(rest)]


def unescaped(text):
    r"""\n and \t of COPY lines are written as such in a script; \\ is one backslash."""
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "\\": "\\"}.get(m.group(1), m.group()), text)
