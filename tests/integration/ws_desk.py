"""The part of the API that shows the process and gives it orders (docs/api.md), over real sockets against ws_harness."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ws_wire import Harness, request  # noqa: E402


class Desk(unittest.TestCase):
    def setUp(self):
        self.harness = self.enterContext(Harness("http.answer_timeout_ms=300"))

    def ask(self, method, target, body=None, expected=200):
        status, _, text = request(self.harness.port, method, target, body=json.dumps(body).encode() if body else b"")
        self.assertEqual(status, expected, (target, text))
        return json.loads(text)

    def get(self, target, expected=200):
        return self.ask("GET", target, None, expected)

    def test_history_is_full_and_grows(self):
        page = self.get("/api/history")
        columns = page["samples"]
        self.assertGreaterEqual(len(columns["atMs"]), 899)
        self.assertEqual({len(column) for column in columns.values()}, {len(columns["atMs"])})
        last = columns["atMs"][-1]
        deadline = time.monotonic() + 10
        while not (later := self.get(f"/api/history?since={last}")["samples"]["atMs"]):
            self.assertLess(time.monotonic(), deadline)
        self.assertGreater(later[0], last)

    def test_commands_change_what_is_shown(self):
        self.harness.say("sessions 5")
        self.harness.say("queue 4 3")
        self.harness.say("call 1000 2 batch SELECT everything")
        self.assertEqual(self.get("/api/sessions")["total"], 5)
        queue = self.get("/api/queue")
        self.assertEqual((queue["waiting"], queue["dead"], len(queue["entries"])), (4, 3, 4))
        top = self.get("/api/top?order=calls&limit=1")["statements"]
        self.assertEqual((top[0]["statement"], top[0]["service"], top[0]["calls"]), ("SELECT everything", "batch", 1000))

    def test_orders_change_what_is_shown(self):
        victim = self.get("/api/sessions")["sessions"][0]["id"]
        self.assertEqual(self.ask("POST", "/api/sessions/kill", {"id": victim}), {"ok": True, "id": victim})
        self.assertNotIn(victim, [row["id"] for row in self.get("/api/sessions")["sessions"]])
        self.ask("POST", "/api/sessions/kill", {"id": victim}, 404)
        first, second = (row["sequence"] for row in self.get("/api/queue?state=dead")["deadLetters"])
        self.assertEqual(self.ask("POST", "/api/queue/retry", {"sequence": first})["remaining"], 1)
        self.assertEqual(self.ask("POST", "/api/queue/discard", {"sequence": second})["remaining"], 0)
        self.assertEqual(self.get("/api/queue")["waiting"], 4)
        self.assertEqual(self.ask("POST", "/api/reload")["changed"], ["log.level"])
        self.harness.say("reload bad")
        self.assertEqual(self.ask("POST", "/api/reload", None, 422)["error"]["code"], "BAD_CONFIGURATION")
        self.assertFalse(self.get("/api/config")["lastReload"]["ok"])
        counts = self.harness.counts()
        self.assertEqual([counts[name] for name in ("kills", "retries", "discards", "reloads")], [2, 1, 1, 2])

    def test_an_answer_that_never_comes_is_answered_in_time(self):
        self.harness.say("desk never")
        for target in ("/api/sessions", "/api/pools", "/api/queue", "/api/config"):
            self.assertEqual(self.get(target, 503)["error"]["code"], "TIMEOUT", target)
        self.assertEqual(self.ask("POST", "/api/queue/retry", {"all": True}, 503)["error"]["code"], "TIMEOUT")
        self.harness.say("desk unavailable")
        self.assertEqual(self.get("/api/queue", 503)["error"]["code"], "UNAVAILABLE")
        self.harness.say("desk good")
        self.assertEqual(self.get("/api/sessions")["total"], 12)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
