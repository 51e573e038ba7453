"""What a client saw, as lines that can be compared between two ways to the same kind of server.

Everything is kept but what must differ: numbers of objects and processes that the server hands out. Numbers of objects
become the order in which they were first seen.
"""

import re
import struct

import pgwire

_FIRST_USER_OID = 16384
_FORMATS = {0: "text", 1: "binary"}
_TEMPORARY_SCHEMA = re.compile(r"\b(pg_(?:toast_)?temp_)\d+")


class Transcript:
    def __init__(self, masks=()):
        self.lines = []
        self._oids = {}
        self._masks = masks

    def oid(self, number):
        if number < _FIRST_USER_OID:
            return str(number)
        return f"oid#{self._oids.setdefault(number, len(self._oids) + 1)}"

    def note(self, text):
        self.lines.append(text)

    def add_refusal(self, messages):
        """A login that failed. Who refuses may do so before or after the authentication, and in its own code."""
        for kind, body in messages:
            if kind == b"E":
                fields = pgwire.error_fields(body)
                self.note("refused " + " ".join(f"{letter}={fields.get(letter)!r}" for letter in "SCM"))

    def add(self, kind, body):
        """One message; notifications are kept apart by the session, because they may come at any time."""
        if kind == b"A" or kind == b"K":
            return
        writer = getattr(self, "_on_" + kind.decode("latin-1"), None)
        text = writer(body) if writer else f"{_NAMES.get(kind, kind)} {_text(body)}".rstrip()
        text = _TEMPORARY_SCHEMA.sub(r"\1#", text)
        for mask in self._masks:
            text = mask.sub("<masked>", text)
        self.note(text)

    def _on_T(self, body):
        (count,) = struct.unpack_from("!h", body)
        at, columns = 2, []
        for _ in range(count):
            end = body.index(b"\0", at)
            name = _text(body[at:end])
            table, number, type_oid, size, modifier, form = struct.unpack_from("!IhIhih", body, end + 1)
            columns.append(f"{name}:{self.oid(type_oid)}({size},{modifier})"
                           f" of {self.oid(table)}.{number} {_FORMATS[form]}")
            at = end + 19
        return "RowDescription " + " | ".join(columns)

    def _on_t(self, body):
        (count,) = struct.unpack_from("!h", body)
        return "ParameterDescription " + " ".join(self.oid(oid) for oid in struct.unpack_from(f"!{count}I", body, 2))

    def _on_D(self, body):
        return "DataRow " + " | ".join("NULL" if value is None else repr(value) for value in pgwire.data_row(body))

    def _on_E(self, body):
        return "ErrorResponse " + _fields(body)

    def _on_N(self, body):
        return "NoticeResponse " + _fields(body)

    def _on_S(self, body):
        name, value = body.split(b"\0")[:2]
        return f"ParameterStatus {_text(name)}={_text(value)}"

    def _on_Z(self, body):
        return f"ReadyForQuery {_text(body)}"

    def _on_C(self, body):
        return f"CommandComplete {_text(body[:-1])}"

    def _copy(self, name, body):
        form, count = struct.unpack_from("!bh", body)
        return f"{name} {_FORMATS[form]} {list(struct.unpack_from(f'!{count}h', body, 3))}"

    def _on_G(self, body):
        return self._copy("CopyInResponse", body)

    def _on_H(self, body):
        return self._copy("CopyOutResponse", body)


_NAMES = {b"1": "ParseComplete", b"2": "BindComplete", b"3": "CloseComplete", b"n": "NoData", b"I": "EmptyQueryResponse",
          b"s": "PortalSuspended", b"d": "CopyData", b"c": "CopyDone", b"V": "FunctionCallResponse"}


def _text(body):
    text = body.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else repr(text)


def _fields(body):
    fields = pgwire.error_fields(body)
    if fields.get("C") == "40P01":  # the detail names processes and transactions
        fields["D"] = re.sub(r"\d+", "#", fields.get("D", ""))
    if fields.get("C") == "25P02":  # whichever message of a statement comes first is refused
        fields["L"] = fields["R"] = "#"
    return " ".join(f"{letter}={value!r}" for letter, value in fields.items())


def difference(direct, through):
    """The first place where two lists of lines differ, for people; None when they are equal."""
    if direct == through:
        return None
    for at, (left, right) in enumerate(zip(direct, through)):
        if left != right:
            return f"answer {at + 1}:\n    direct : {left}\n    through: {right}"
    at = min(len(direct), len(through))
    left = direct[at] if at < len(direct) else "(nothing more)"
    right = through[at] if at < len(through) else "(nothing more)"
    return f"answer {at + 1}:\n    direct : {left}\n    through: {right}"
