#!/usr/bin/env python3
"""headers.py refuses a header that leans on its includer, or that cannot be included twice."""

import tempfile
import unittest
from pathlib import Path

from headers import check

COMPILER = ("g++", ["-std=c++20"])
SAMPLES = {
    "good.hpp": "#pragma once\n#include <string>\nstruct Good { std::string s; };\n",
    "leaning.hpp": "#pragma once\nstruct Leaning { std::string s; };\n",
    "twice.hpp": "struct Twice {};\n",
}


class HeadersSelfTest(unittest.TestCase):
    def test_only_the_bad_ones_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in SAMPLES.items():
                (Path(folder) / name).write_text(text)
            findings = check(folder, list(SAMPLES), {}, COMPILER)
        self.assertEqual(["leaning.hpp", "twice.hpp"], [finding.path for finding in findings])


if __name__ == "__main__":
    unittest.main()
