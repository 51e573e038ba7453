"""From samples to tables, ratios and JSON."""

import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

REFERENCE, OURS, AUTO, NOISE = "pgbouncer", "pgsidecar", "pgsidecar-auto", "pgbouncer-again"
# Figure -> (title, digits, the ratio to PgBouncer that is asked for).
FIGURES = {
    "tps": ("tx/s", 0, (">=", 0.95)),
    "p50_ms": ("p50 ms", 3, None),
    "p99_ms": ("p99 ms", 3, None),
    "cpu_us": ("CPU us/tx", 1, ("<=", 1.10)),
    "calls": ("syscalls/tx", 2, ("<=", 1.00)),
}
_HOLDS = {">=": lambda ratio, bound: ratio >= bound, "<=": lambda ratio, bound: ratio <= bound}


def machine_facts(binary):
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu[1] if cpu else platform.machine(),
        "kernel": platform.release(),
        "postgres": _first_line(["/usr/lib/postgresql/15/bin/postgres", "--version"]),
        "pgbouncer": _first_line(["pgbouncer", "--version"]),
        "haproxy": _first_line(["haproxy", "-v"]),
        "pgsidecar": _first_line([binary, "version"]),
    }


def _first_line(command):
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return (result.stdout.strip() or result.stderr.strip() or "unknown").splitlines()[0]


def median_of(samples, figure):
    values = [sample[figure] for sample in samples if sample.get(figure) is not None]
    return statistics.median(values) if values else None


def ratio_of(samples, reference, figure):
    """The median of the rounds' own ratios: two runs of one round stand close together in time."""
    pairs = [(a[figure], b[figure]) for a, b in zip(samples, reference, strict=True)
             if a.get(figure) is not None and b.get(figure)]
    return statistics.median(a / b for a, b in pairs) if pairs else None


def verdict_of(figure, ratio):
    asked = FIGURES[figure][2]
    if asked is None or ratio is None:
        return None
    return _HOLDS[asked[0]](round(ratio, 2), asked[1])


class Report:
    def __init__(self, facts, options):
        self.facts = facts
        self.options = options
        self.cells = []
        self.memory = {}

    def add_cell(self, protocol, pool_mode, clients, samples):
        """samples: target -> one dict of figures per round."""
        figures = {name: {figure: median_of(rounds, figure) for figure in FIGURES} for name, rounds in samples.items()}
        ratios, verdicts = {}, {}
        if OURS in samples and REFERENCE in samples:
            ratios = {figure: ratio_of(samples[OURS], samples[REFERENCE], figure) for figure in FIGURES}
            verdicts = {figure: verdict_of(figure, ratio) for figure, ratio in ratios.items()}
        auto = {}
        if AUTO in samples and OURS in samples:  # what the mode costs that needs no choice
            auto = {figure: ratio_of(samples[AUTO], samples[OURS], figure) for figure in FIGURES}
        noise = {}
        if NOISE in samples and REFERENCE in samples:
            noise = {figure: ratio_of(samples[NOISE], samples[REFERENCE], figure) for figure in FIGURES}
        self.cells.append({"protocol": protocol, "pool_mode": pool_mode, "clients": clients, "median": figures,
                           "ratio": ratios, "holds": verdicts, "auto": auto, "noise": noise, "rounds": samples})

    def missed(self):
        return [f"{cell['protocol']}, {cell['clients']} clients: {FIGURES[figure][0]} is {cell['ratio'][figure]:.2f} "
                f"times PgBouncer's, asked for is {' '.join(map(str, FIGURES[figure][2]))}"
                for cell in self.cells for figure, holds in cell["holds"].items() if holds is False]

    def text(self):
        lines = [f"{name:<10} {value}" for name, value in self.facts.items()]
        for cell in self.cells:
            lines += ["", *self._cell_lines(cell)]
        if self.memory:
            lines += ["", *self._memory_lines()]
        missed = self.missed()
        compared = sum(holds is not None for cell in self.cells for holds in cell["holds"].values())
        lines += ["", f"asked for and compared: {compared} figures, missed: {len(missed)}"]
        return "\n".join(lines + [f"  {sentence}" for sentence in missed])

    def json(self):
        return {"machine": self.facts, "options": self.options, "cells": self.cells, "memory": self.memory,
                "missed": self.missed()}

    @staticmethod
    def _cell_lines(cell):
        yield f"{cell['protocol']} protocol, {cell['clients']} clients, {cell['pool_mode']} pooling"
        yield _row("", [title for title, _, _ in FIGURES.values()])
        for name, figures in cell["median"].items():
            yield _row(name, [_number(figures[figure], digits) for figure, (_, digits, _) in FIGURES.items()])
        if cell["ratio"]:
            yield _row("ratio", [_ratio(cell["ratio"][figure], cell["holds"][figure]) for figure in FIGURES])
        if cell["auto"]:
            yield _row(f"auto / {cell['pool_mode']}", [_ratio(cell["auto"][figure], None) for figure in FIGURES])
        if cell["noise"]:
            yield _row("noise", [_ratio(cell["noise"][figure], None) for figure in FIGURES])

    def _memory_lines(self):
        yield "memory, clients that are logged in and idle"
        yield _row("", ["clients", "RSS before", "RSS with", "PSS with", "each"])
        for name, entry in self.memory.items():
            if "reason" in entry:
                yield f"{name:<18}{entry['reason']}"
            else:
                yield _row(name, [str(entry["clients"]), _megabytes(entry["before"]["rss"]),
                                  _megabytes(entry["with_clients"]["rss"]), _megabytes(entry["with_clients"]["pss"]),
                                  f"{entry['per_client'] / 1024:.1f} KB"])


def _row(name, values):
    return f"{name:<18}" + "".join(f"{value:>14}" for value in values)


def _number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def _ratio(value, holds):
    if value is None:
        return "-"
    return f"{value:.2f}" + ("  " if holds is None else " +" if holds else " !")


def _megabytes(value):
    return f"{value / 2**20:.1f} MB"
