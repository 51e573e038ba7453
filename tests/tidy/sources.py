"""What the checkers share: which files there are, and C++ text with comments and literals blanked out."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NOT_OURS = {"build", "node_modules", "__pycache__"}

# Raw strings first, then comments, strings and characters (not the ' of 1'000).
_OPAQUE = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    sentence: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.sentence}"


def blank(text):
    """The text with comments and literals replaced by spaces; positions and lines stay."""
    return _OPAQUE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def project_files(root):
    """The repository's files, as paths relative to root: what git would commit, or all when there is no git."""
    root = Path(root)
    try:
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"],
                                capture_output=True, check=True).stdout.decode().split("\0")
        top = subprocess.run(["git", "-C", str(root), "rev-parse", "--show-toplevel"],
                             capture_output=True, check=True).stdout.decode().strip()
        if Path(top).resolve() == root.resolve():
            return sorted(name for name in listed if name and (root / name).is_file())
    except (OSError, subprocess.CalledProcessError):
        pass
    return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                  if path.is_file() and not any(part in _NOT_OURS or part == ".git"
                                                for part in path.relative_to(root).parts))


def read(root, name):
    return (Path(root) / name).read_text(encoding="utf-8", errors="replace")


def report(checker, findings, files):
    """Prints the findings; the exit status of the checker."""
    for finding in findings:
        print(finding)
    print(f"{checker}: {len(findings)} findings in {files} files")
    return 1 if findings else 0
