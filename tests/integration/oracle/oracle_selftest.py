#!/usr/bin/env python3
"""The oracle's own parts: scripts that cannot be read are refused, and differences of every kind are noticed."""

import struct
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support/python")]

# pylint: disable=wrong-import-position
import script as scripts
from transcript import Transcript, difference


def lines(*messages):
    transcript = Transcript()
    for kind, body in messages:
        transcript.add(kind, body)
    return transcript.lines


def columns(name, table, kind):
    return b"T", struct.pack("!h", 1) + name + b"\0" + struct.pack("!IhIhih", table, 1, kind, 4, -1, 0)


class Scripts(unittest.TestCase):
    def test_every_script_can_be_read(self):
        for path in (HERE / "scripts").rglob("*.pgs"):
            self.assertTrue(scripts.load(path).steps, path)

    def test_mistakes_are_refused(self):
        for text in ("query select 1", "title: x\nqurey select 1", "title: x\n  indented", "title: x",
                     "title: x\npasses: fast\nquery select 1"):
            with self.assertRaises(scripts.Mistake, msg=text):
                scripts.parse_script("bad", text)

    def test_sessions_lines_and_continuations(self):
        script = scripts.parse_script("x", "title: t\n# no step\n@b query select\n    1\nquery select 2\n")
        self.assertEqual(script.sessions, ["a", "b"])
        self.assertEqual([(s.line, s.rest) for s in script.steps], [(3, "select\n    1"), (5, "select 2")])

    def test_arguments(self):
        self.assertEqual(scripts.parse_arguments("s1(int4,text) select $1"), ("s1", [23, 25], "select $1"))
        self.assertEqual(scripts.bind_arguments(r"- s \x0001 NULL 'a b' formats=1,0,0 results=1"),
                         ("", "s", [b"\0\1", None, "a b"], (1, 0, 0), (1,)))
        self.assertEqual(scripts.unescaped(r"a\tb\\N\n"), "a\tb\\N\n")

    def test_several_statements(self):
        for sql in ("select 1; select 2", "select $$a$$; commit"):
            self.assertTrue(scripts.has_several_statements(sql), sql)
        for sql in ("select 1;", "do $$ begin; end $$", "select 'a;b' -- ; c", 'select ";"'):
            self.assertFalse(scripts.has_several_statements(sql), sql)


class Differences(unittest.TestCase):
    def test_numbers_of_objects_count_by_their_order(self):
        self.assertEqual(lines(columns(b"a", 20000, 23), columns(b"b", 30000, 23)),
                         lines(columns(b"a", 40000, 23), columns(b"b", 41000, 23)))
        self.assertNotEqual(lines(columns(b"a", 20000, 23), columns(b"b", 30000, 23)),
                            lines(columns(b"a", 20000, 23), columns(b"b", 20000, 23)))

    def test_every_part_of_a_message_counts(self):
        row = (b"D", struct.pack("!hi", 1, 1) + b"x")
        error = (b"E", b"SERROR\0C42P01\0Mno table\0P5\0\0")
        whole = [columns(b"a", 0, 23), row, (b"C", b"SELECT 1\0"), (b"Z", b"I")]
        for other in ([columns(b"b", 0, 23), *whole[1:]], [columns(b"a", 0, 25), *whole[1:]], whole[:3], whole[1:],
                      [*whole[:3], (b"Z", b"T")], [whole[0], row, row, *whole[2:]], [*whole[:2], error, whole[3]],
                      [(b"N", error[1]), *whole], [(b"S", b"TimeZone\0UTC\0"), *whole]):
            self.assertIsNotNone(difference(lines(*whole), lines(*other)))
        self.assertIsNone(difference(lines(*whole), lines(*whole)))
        for other in (b"SERROR\0C42P02\0Mno table\0P5\0\0", b"SERROR\0C42P01\0Mno table\0P6\0\0",
                      b"SERROR\0C42P01\0Mno table\0P5\0Hhint\0\0"):
            self.assertIsNotNone(difference(lines(error), lines((b"E", other))))

    def test_null_is_not_empty(self):
        self.assertNotEqual(lines((b"D", struct.pack("!hi", 1, -1))), lines((b"D", struct.pack("!hi", 1, 0))))


if __name__ == "__main__":
    unittest.main()
