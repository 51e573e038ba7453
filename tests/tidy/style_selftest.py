#!/usr/bin/env python3
"""Each rule of style.py refuses a bad sample and leaves the good one alone."""

import tempfile
import unittest
from pathlib import Path

from style import check

HEADER = "#pragma once\n"
GOOD = {
    "base/README.md": "What belongs here.\n" * 40,
    "base/clock.hpp": HEADER + "int x = 1'000'000;  // std::cout << 'a'\n",
    "base/long.cpp": "int x;\n" * 600,
    "base/text.cpp": 'const char* kText = "std::cout sleep_for(1)";\nchar c = \'"\';\nint y = snprintf(b, 1, "x");\n',
    "app/main.cpp": "std::cout << 1;\n",
    "app/README.md": "short\n",
    "tests/unit/base/x_test.cpp": "std::cout << 1;\nasleep(1); timer.sleep(2);\n",
    "ws/README.md": "short\n",
    "ws/session.cpp": """
        co_await task(a[i], std::move(named), []() { return Thing{1}; });
        co_await run([] { int x{2}; use(x); });
        if (co_await ready(x)) { go(Options{1}); }
        auto options = Options{.a = 1};
        auto [error, count] = co_await stream.read(asio::buffer(data), token);
    """,
    "docs/a.md": "see /etc/passwd, https://example.org/home/page and ~/work/things\n",
}

# what is wrong: (file, text, a piece of the sentence)
BAD = [
    ("base/x.cpp", "int x;\n" * 601, "more than 600"),
    ("docs/x.md", "TO" "DO: write", "finish it"),
    ("scripts/run", "# FIX" "ME", "finish it"),
    ("base/x.cpp", "// XX" "X", "finish it"),
    ("base/x.cpp", "/* HA" "CK */", "finish it"),
    ("docs/x.md", "in /ho" "me/someone", "path of one machine"),
    ("tests/x.py", "open('/wo" "rk/main')", "path of one machine"),
    ("base/x.hpp", "int x;", "#pragma once"),
    ("base/x.hpp", "// #pragma once", "#pragma once"),
    ("tests/unit/base/y_test.cpp", "std::this_thread::sleep_for(1s);", "wait for the event"),
    ("tests/unit/base/y_test.cpp", "usleep(10);", "wait for the event"),
    ("tests/fault/y.cpp", "::sleep(1);", "wait for the event"),
    ("tests/fault/y.cpp", "if (x) sleep (1);", "wait for the event"),
    ("ws/x.cpp", "std::cout << 1;", "belongs to app/"),
    ("ws/x.cpp", 'printf("x");', "belongs to app/"),
    ("ws/x.cpp", "co_await f([self] { return 1; });", "lambda with captures"),
    ("ws/x.cpp", "co_await f(1, [&, x = 2](int a) mutable -> int { return a; });", "lambda with captures"),
    ("ws/x.cpp", "auto r = co_await f(\n    [=](int a)\n    { return a; });", "lambda with captures"),
    ("ws/x.cpp", "co_await f(Options{.a = 1});", "built with braces"),
    ("ws/x.cpp", "co_await f(a, {1, 2});", "built with braces"),
    ("ws/x.cpp", "if (co_await f({}) ) { g(); }", "built with braces"),
    ("ws/x.cpp", "co_return co_await Task{1};", "built with braces"),
    ("base/README.md", "line\n" * 41, "at most 40"),
    ("sql/x.cpp", "int x;", "missing"),
]


def findings_in(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(folder)[0]


class StyleSelfTest(unittest.TestCase):
    def test_good_sample_passes(self):
        self.assertEqual([], findings_in(GOOD))

    def test_each_bad_sample_is_refused_once(self):
        for name, text, sentence in BAD:
            with self.subTest(sample=f"{name}: {text[:60]}"):
                findings = findings_in({**GOOD, name: text})
                self.assertEqual(1, len(findings), findings)
                self.assertIn(sentence, findings[0].sentence)


if __name__ == "__main__":
    unittest.main()
