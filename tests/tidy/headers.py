#!/usr/bin/env python3
"""Compiles every header alone, and twice in a row, with the flags of its folder's sources.

    tests/tidy/headers.py [--build build/dev] [header...]

Needs a configured build tree (scripts/build dev) for its compile_commands.json.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import Finding, project_files, report

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("-I", "-D", "-std=", "-W", "-f")
_KEPT_WITH_VALUE = ("-isystem", "-I", "-D", "-include")


def flags_by_folder(build):
    """folder -> (compiler, flags) of one of its sources."""
    database = json.loads((build / "compile_commands.json").read_text())
    found = {}
    for entry in database:
        path = Path(entry["directory"], entry["file"]).resolve()
        if not path.is_relative_to(ROOT):
            continue
        folder = path.relative_to(ROOT).parts[0]
        if folder not in found:
            found[folder] = _flags(entry.get("arguments") or shlex.split(entry["command"]))
    return found


def _flags(arguments):
    if Path(arguments[0]).name == "ccache":
        arguments = arguments[1:]
    kept, rest = [], iter(arguments[1:])
    for argument in rest:
        if argument in _KEPT_WITH_VALUE:
            kept += [argument, next(rest)]
        elif argument.startswith(_KEPT) and not argument.startswith("-fsanitize"):
            kept.append(argument)
    return arguments[0], kept


def compile_alone(root, header, compiler, flags):
    """The first line of the compiler's complaint, or None."""
    source = f'#include "{header}"\n' * 2
    result = subprocess.run([compiler, *flags, "-I", str(root), "-fsyntax-only", "-x", "c++", "-"], input=source,
                            capture_output=True, text=True)
    if result.returncode == 0:
        return None
    complaints = [line for line in result.stderr.splitlines() if "error:" in line]
    return (complaints or result.stderr.splitlines() or ["the compiler gave no reason"])[0]


def check(root, headers, flags, default):
    def one(header):
        compiler, arguments = flags.get(header.split("/", 1)[0], default)
        return header, compile_alone(root, header, compiler, arguments)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [Finding(header, 1, f"does not compile alone: {complaint}")
                for header, complaint in pool.map(one, headers) if complaint]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
    parser.add_argument("headers", nargs="*")
    options = parser.parse_args()
    if not (options.build / "compile_commands.json").exists():
        print(f"headers: {options.build}/compile_commands.json is missing; run scripts/build dev first", file=sys.stderr)
        return 2
    flags = flags_by_folder(options.build)
    headers = options.headers or [n for n in project_files(ROOT) if n.endswith(".hpp") and not n.startswith("tests/")]
    return report("headers", check(ROOT, headers, flags, ("g++", ["-std=c++20"])), len(headers))


if __name__ == "__main__":
    sys.exit(main())
