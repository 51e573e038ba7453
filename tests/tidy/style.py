#!/usr/bin/env python3
"""The house rules that neither the compiler nor clang-tidy can see.

    tests/tidy/style.py [repository]

Each rule is a function from (file name, text) to findings; the list RULES at the end is the whole of it.
"""

import re
import sys
from pathlib import Path

from sources import Finding, blank, line_of, project_files, read, report

FOLDERS = ("base", "model", "protocol", "sql", "config", "metrics", "db", "health", "audit", "proxy", "realtime", "ws",
           "app")
LONG, TOO_LONG = 400, 600
README_LINES = 40
CODE = (".hpp", ".cpp")
TEXT = (".hpp", ".cpp", ".py", ".sh", ".cmake", ".md", ".json", ".yaml", ".yml", ".toml", ".sql", ".ts", ".tsx", ".js",
        ".mjs", ".html", ".css", ".txt", ".java")
GENERATED = re.compile(r"(^|/)(package-lock\.json|dist/.*)$")

# Written so that they do not find themselves.
_MARKS = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")) + r")\b")
_MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(work|root|home)/[\w.-]+")
_SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>:])(?:::)?sleep\s*\(")
_STREAMS = re.compile(r"\bstd\s*::\s*(cout|printf|puts|println)\b|(?<![\w:.>])(?:printf|puts|putchar)\s*\(")
_PRAGMA = re.compile(r"^#pragma once$", re.MULTILINE)


def is_text(name):
    return (name.endswith(TEXT) or "." not in Path(name).name) and not GENERATED.search(name)


def in_project_code(name):
    return name.split("/", 1)[0] in FOLDERS


def length(name, text):
    lines = text.count("\n")
    if name.endswith(CODE + (".py", ".ts", ".tsx")) and not GENERATED.search(name) and lines > TOO_LONG:
        yield Finding(name, lines, f"{lines} lines; more than {TOO_LONG} are refused, split it by subject")


def marks(name, text):
    if is_text(name):
        for match in _MARKS.finditer(text):
            yield Finding(name, line_of(text, match.start()), f"{match.group()}: finish it, or open an issue")


def machine_paths(name, text):
    if is_text(name):
        for match in _MACHINE_PATHS.finditer(text):
            yield Finding(name, line_of(text, match.start()), f"{match.group()}: a path of one machine")


def pragma_once(name, text):
    if name.endswith(".hpp") and not _PRAGMA.search(blank(text)):
        yield Finding(name, 1, "a header has #pragma once")


def sleeps(name, text):
    if name.endswith(CODE):
        blanked = blank(text)
        for match in _SLEEPS.finditer(blanked):
            yield Finding(name, line_of(text, match.start()),
                          f"{match.group().strip(' (')}: wait for the event itself, with a deadline")


def streams(name, text):
    if name.endswith(CODE) and in_project_code(name) and not name.startswith("app/"):
        blanked = blank(text)
        for match in _STREAMS.finditer(blanked):
            yield Finding(name, line_of(text, match.start()),
                          f"{match.group().strip(' (')}: standard output belongs to app/; log with base/log.hpp")


def awaited_temporaries(name, text):
    """g++ 12 destroys by-value captures and brace-built aggregates twice inside an awaited expression."""
    if not name.endswith(CODE):
        return
    blanked = blank(text)
    for match in re.finditer(r"\bco_await\b", blanked):
        expression = _to_the_end_of_the_expression(blanked, match.end())
        start = match.end()
        for lambda_match in re.finditer(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?=[({<]|mutable|->)", expression):
            if lambda_match.group(1).strip():
                yield Finding(name, line_of(text, start + lambda_match.start()),
                              "a lambda with captures inside co_await; name it on the line before")
        for brace in _aggregates(expression):
            yield Finding(name, line_of(text, start + brace),
                          "something built with braces inside co_await; name it on the line before")


def _to_the_end_of_the_expression(text, start):
    depth = 0
    for index in range(start, len(text)):
        character = text[index]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return text[start:index]
        elif character == ";" and depth == 0:
            return text[start:index]
    return text[start:]


# What stands before the { of a lambda's body: its parameters, its specifiers or its return type.
_LAMBDA_HEAD = re.compile(r"\[[^\[\]]*\]\s*(<[^<>]*>\s*)?(\((?:[^()]|\([^()]*\))*\)\s*)?"
                          r"(mutable\s*|noexcept\s*|->\s*[\w:<>,\s*&]+)*$")


def _aggregates(expression):
    """Positions of { that begin no lambda body; what is inside a body are statements of their own."""
    index = 0
    while (index := expression.find("{", index)) >= 0:
        if _LAMBDA_HEAD.search(expression[:index]):
            index += 1 + len(_to_the_end_of_the_block(expression, index + 1))
        else:
            yield index
        index += 1


def _to_the_end_of_the_block(text, start):
    depth = 0
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth < 0:
            return text[start:index]
    return text[start:]


def readme(name, text):
    lines = text.count("\n")
    if name.endswith("/README.md") and in_project_code(name) and lines > README_LINES:
        yield Finding(name, lines, f"{lines} lines; a folder's README has at most {README_LINES}")


RULES = (length, marks, machine_paths, pragma_once, sleeps, streams, awaited_temporaries, readme)


def missing_readmes(names):
    for folder in FOLDERS:
        has_code = any(name.startswith(folder + "/") and name.endswith(CODE) for name in names)
        if has_code and f"{folder}/README.md" not in names:
            yield Finding(f"{folder}/README.md", 1, "missing: what belongs here, the type to open first, what it must not know")


def check(root):
    names = project_files(root)
    findings = list(missing_readmes(set(names)))
    for name in names:
        if is_text(name):
            text = read(root, name)
            findings += [finding for rule in RULES for finding in rule(name, text)]
    return findings, names


def warn_of_long_files(root, names):
    for name in names:
        if name.endswith(CODE):
            lines = read(root, name).count("\n")
            if LONG < lines <= TOO_LONG:
                print(f"{name}:{lines}: warning: {lines} lines; past {LONG} a file asks to be split")


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    findings, names = check(root)
    warn_of_long_files(root, names)
    return report("style", findings, len(names))


if __name__ == "__main__":
    sys.exit(main())
