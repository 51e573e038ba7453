#!/usr/bin/env python3
"""Holds every #include, and every pgs_layer() of CMake, to the table in layering.toml.

    tests/tidy/layering.py [repository]
"""

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

from sources import Finding, blank, line_of, project_files, read, report

TABLE = Path(__file__).with_name("layering.toml")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
_LAYER = re.compile(r"pgs_layer\(\s*(\w+)([^)]*)\)")
_STANDARD = re.compile(r"^[a-z0-9_]+$")
_C_HEADERS = {f"{name}.h" for name in
              "assert ctype errno float inttypes limits locale math setjmp stdarg stddef stdint stdio stdlib "
              "string time wchar".split()}


def load_table(path=TABLE):
    with open(path, "rb") as file:
        return tomllib.load(file)


def check_table(table):
    """The table itself goes downward only."""
    names = list(table["folders"])
    for index, (folder, allowed) in enumerate(table["folders"].items()):
        for other in allowed:
            if other not in names[:index]:
                yield Finding(TABLE.name, 1, f"{folder}/ may include {other}/, which is not a lower layer")


def _below(name, place):
    return name == place or name.startswith(place + "/")


def _is_source(name):
    return name.endswith(".cpp")


class Layering:
    def __init__(self, root, table):
        self._root = root
        self._table = table
        self._users = defaultdict(set)  # (library, place) -> files, for one_file
        self._private = {}              # header -> the library that makes it private to its folder
        self._includers = defaultdict(set)  # header -> (file, line)

    def check(self):
        names = project_files(self._root)
        code = [name for name in names if name.endswith((".hpp", ".cpp")) and self._folder(name)]
        findings = list(check_table(self._table))
        for name in code:
            text = read(self._root, name)
            findings += self._includes(name, text)
            findings += self._tokens(name, text)
        findings += self._one_file()
        findings += self._leaks()
        for name in names:
            if name.endswith("CMakeLists.txt"):
                findings += self._cmake(name, read(self._root, name))
        return findings, len(code)

    def _folder(self, name):
        folder = name.split("/", 1)[0]
        return folder if folder in self._table["folders"] else None

    def _includes(self, name, text):
        # Found in the text itself, since a quoted path is a literal; but not inside comments.
        blanked = blank(text)
        for match in _INCLUDE.finditer(text):
            if blanked[match.start():match.end()].strip().startswith("#"):
                quoted, angled = match.groups()
                if quoted:
                    self._includers[quoted].add((name, line_of(text, match.start(1))))
                sentence = self._own(name, quoted) if quoted else self._foreign(name, angled)
                if sentence:
                    yield Finding(name, line_of(text, match.start(1 if quoted else 2)), sentence)

    def _own(self, name, target):
        folder, other = self._folder(name), target.split("/", 1)[0]
        if "/" not in target or target.startswith("."):
            return f'"{target}": includes start at the repository\'s root ("{folder}/{Path(target).name}")'
        if other not in self._table["folders"]:
            return self._foreign(name, target)
        if other != folder and other not in self._table["folders"][folder]:
            return f"{folder}/ must not include {other}/ (\"{target}\")"
        for part, rule in self._table.get("parts", {}).items():
            if _below(name, part) and any(_below(target, taboo) for taboo in rule["must_not_include"]):
                return f"{part}/ must not include \"{target}\""
        return None

    def _foreign(self, name, header):
        system = self._table["system"]
        if _STANDARD.match(header) or header in _C_HEADERS or header in system["headers"]:
            return None
        if header.startswith(tuple(system["prefixes"])):
            return None
        library = next((entry for entry in self._table["third_party"]
                        if header.startswith(tuple(entry["prefixes"]))), None)
        if library is None:
            return f"<{header}> is of a library that the table does not know"
        if _below(name, "app"):
            return None if _is_source(name) else f"<{header}>: app/ uses {library['name']} in sources only"
        place = next((p for p in library["places"] if _below(name, p["path"])), None)
        if place is None:
            return f"<{header}>: {library['name']} is not for {name.rsplit('/', 1)[0]}/"
        if place.get("sources_only") and not _is_source(name):
            return f"<{header}>: {library['name']} belongs into a .cpp, not into a header"
        if place.get("private") and not _is_source(name):
            self._private[name] = library["name"]
        if place.get("one_file"):
            self._users[library["name"], place["path"]].add(name)
        return None

    def _one_file(self):
        for (library, place), files in sorted(self._users.items()):
            for extra in sorted(files)[1:] if len(files) > 1 else ():
                yield Finding(extra, 1, f"{library} is for one file of {place}/; {sorted(files)[0]} has it already")

    def _leaks(self):
        """Whatever includes a private header is private too, and stays inside the folder."""
        pending = list(self._private)
        while pending:
            header = pending.pop()
            for name, line in sorted(self._includers[header]):
                if self._folder(name) != self._folder(header):
                    yield Finding(name, line, f"\"{header}\" is private to {self._folder(header)}/, because it brings "
                                              f"{self._private[header]}")
                elif not _is_source(name) and name not in self._private:
                    self._private[name] = self._private[header]
                    pending.append(name)

    def _tokens(self, name, text):
        rules = [rule for rule in self._table["forbidden"] if any(_below(name, path) for path in rule["paths"])]
        blanked = blank(text) if rules else ""
        for rule in rules:
            for token in rule["tokens"]:
                for match in re.finditer(rf"\b{re.escape(token)}\b", blanked):
                    yield Finding(name, line_of(text, match.start()), f"{token}: {rule['why']}")

    def _cmake(self, name, text):
        for match in _LAYER.finditer(re.sub(r"#[^\n]*", "", text)):
            folder, arguments = match.groups()
            if folder not in self._table["folders"]:
                continue
            deps = re.search(r"\bDEPS\b((?:\s+[a-z_]+\b)*)", arguments)
            for other in deps.group(1).split() if deps else ():
                if other not in self._table["folders"][folder]:
                    yield Finding(name, 1, f"pgs_layer({folder}): {other} is not among what {folder}/ may include")


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    findings, files = Layering(root, load_table()).check()
    return report("layering", findings, files)


if __name__ == "__main__":
    sys.exit(main())
