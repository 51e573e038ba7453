#!/usr/bin/env python3
"""Runs one insert and one query through a sidecar with psql and watches /ws and /metrics see them.

    scripts/lib/smoke.py --url postgres://... --http 127.0.0.1:6480

Ends with 0 when all was seen, otherwise with 1 and a sentence that says what was not.
"""

import argparse
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from websocket import WebSocket, WebSocketError

PATIENCE_SECONDS = 10
STATEMENTS = [
    ("insert", "tasks", "insert into tasks (title) values ('written by the smoke test')"),
    ("query", "tasks", "select count(*) from tasks"),
]


class SmokeFailure(Exception):
    pass


def queries_total(http):
    """The sum of pgsidecar_queries_total over its labels."""
    with urllib.request.urlopen(f"http://{http}/metrics", timeout=PATIENCE_SECONDS) as reply:
        text = reply.read().decode()
    samples = re.findall(r"^pgsidecar_queries_total(?:\{.*\})? (\S+)", text, re.MULTILINE)
    return sum(float(sample) for sample in samples)


def wait_for(socket, what, accept):
    """Reads messages until `accept` takes one, which it returns."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen = []
    while True:
        try:
            message = socket.receive_json(deadline)
        except WebSocketError as error:
            raise SmokeFailure(f"/ws: waited for {what}, but: {error}; seen: {', '.join(seen) or 'nothing'}") from None
        if accept(message):
            return message
        seen.append(str(message.get("type")))


def subscribe(socket):
    wait_for(socket, "session:ready", lambda m: m["type"] == "session:ready")
    socket.send_json({"type": "subscribe", "id": "smoke", "channel": "database:operations"})
    reply = wait_for(socket, "the reply to subscribe", lambda m: m["type"] == "reply" and m.get("id") == "smoke")
    if not reply["payload"].get("ok"):
        raise SmokeFailure(f"/ws: subscribing to database:operations was refused: {reply['payload']}")


def run_statement(url, sql):
    result = subprocess.run(["psql", "-XqAt", "-w", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
                            capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise SmokeFailure(f"psql could not run \"{sql}\": {result.stderr.strip()}")


def expect_operation(socket, kind, table):
    def matches(message):
        payload = message.get("payload", {})
        return message["type"] == "operation" and payload.get("type") == kind and payload.get("table") == table

    operation = wait_for(socket, f"the operation frame of the {kind} on {table}", matches)["payload"]
    if not operation.get("success"):
        raise SmokeFailure(f"/ws: the {kind} on {table} is reported as failed: {operation}")
    print(f"smoke: /ws saw {kind} on {table} ({operation.get('durationMs', '?')} ms)")


def expect_count(http, before):
    """Shards are summed at scrape, so the count may trail the reply by a moment."""
    wanted = before + len(STATEMENTS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (now := queries_total(http)) < wanted:
        if time.monotonic() > deadline:
            raise SmokeFailure(f"/metrics: pgsidecar_queries_total is {now:g}, expected at least {wanted:g}")
        time.sleep(0.1)
    print(f"smoke: /metrics counted {now - before:g} statements")


def smoke(url, http):
    host, port = http.rsplit(":", 1)
    before = queries_total(http)
    socket = WebSocket(host, int(port))
    subscribe(socket)
    for kind, table, sql in STATEMENTS:
        run_statement(url, sql)
        expect_operation(socket, kind, table)
    socket.close()
    expect_count(http, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--url", required=True, help="DATABASE_URL of an app")
    parser.add_argument("--http", required=True, help="address:port of the page")
    options = parser.parse_args()
    try:
        smoke(options.url, options.http)
    except (SmokeFailure, WebSocketError, urllib.error.URLError, OSError, subprocess.TimeoutExpired) as error:
        print(f"smoke: failed: {error}", file=sys.stderr)
        return 1
    print("smoke: all was seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
