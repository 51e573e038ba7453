"""What the driver scripts share: counting checks, and the mode."""

import os

URL = os.environ["DATABASE_URL"]
SHARING = os.environ.get("PGS_MODE") == "transaction"
session_only = []
_count = 0


def same(actual, expected, what=""):
    global _count
    assert actual == expected, f"{what or 'value'}: got {actual!r}, expected {expected!r}"
    _count += 1


def needs_session(what):
    """True when `what` is to be left out because server connections are shared."""
    if SHARING:
        session_only.append(what)
    return SHARING


def report():
    if session_only:
        print("not in transaction mode:", ", ".join(session_only))
    print(f"{_count} checks ok")
