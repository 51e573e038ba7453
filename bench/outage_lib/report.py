"""The tables, and whether each figure is what is asked for."""

import operator

ASKED = {
    "acknowledged/s": (operator.ge, 20_000, "at least 20,000"),
    "p99 ms": (operator.lt, 5, "under 5"),
    "flush entries/s": (operator.ge, 20_000, "at least 20,000"),
    "spool bytes per entry byte": (operator.le, 1.5, "at most 1.5"),
    "throughput with writes recorded": (operator.ge, 0.90, "at least 0.90 of off"),
}


class Report:
    def __init__(self, facts, options):
        self._facts, self._options = facts, options
        self.outages, self.cost = [], {}

    def figures(self):
        """(figure, where, value) of all that something is asked for; with several outages, of each."""
        for outage in self.outages:
            for protocol, sample in outage["acks"].items():
                yield "acknowledged/s", protocol, sample["per_second"]
                yield "p99 ms", protocol, sample["p99_ms"]
            yield "flush entries/s", "", outage["flush"]["per_second"]
            yield "spool bytes per entry byte", "", outage["spool"]["per_entry_byte"]
        if "writes" in self.cost:
            yield "throughput with writes recorded", "", self.cost["writes"]["ratio"]

    def missed(self):
        missed = [f"{figure}{' ' + where if where else ''} is {value:,.2f}, asked for is {ASKED[figure][2]}"
                  for figure, where, value in self.figures() if value is None or not ASKED[figure][0](value, ASKED[figure][1])]
        for outage in self.outages:
            if outage["flush"]["doubled"]:
                missed.append(f"{outage['flush']['doubled']} rows are there twice")
            missed += [f"{sample['errors']} {protocol} writes were refused: {sample['first_error']}"
                       for protocol, sample in outage["acks"].items() if sample["errors"]]
        return missed

    def json(self):
        return {"machine": self._facts, "options": self._options, "outages": self.outages, "recording_cost": self.cost,
                "missed": self.missed()}

    def text(self):
        lines = [f"{name:<14} {value}" for name, value in self._facts.items()]
        for outage in self.outages:
            lines += ["", *self._outage_lines(outage)]
        if self.cost:
            lines += ["", *self._cost_lines()]
        missed = self.missed()
        return "\n".join([*lines, "", f"asked for and missed: {len(missed)}", *(f"  {line}" for line in missed)])

    def _outage_lines(self, outage):
        yield f"database down, {self._options['clients']} clients, one insert of {self._options['bytes']} bytes each outstanding"
        yield _row("", "acks/s", "p50 ms", "p99 ms", "max ms", "errors", "pgbench/s")
        for protocol, s in outage["acks"].items():
            pgbench = outage["pgbench"].get(protocol)
            yield _row(protocol, f"{s['per_second']:,.0f}", f"{s['p50_ms']:.2f}", f"{s['p99_ms']:.2f}", f"{s['max_ms']:.2f}",
                       str(s["errors"]), f"{pgbench['per_second']:,.0f}" if pgbench else "-")
        spool, flush = outage["spool"], outage["flush"]
        yield (f"spool: {spool['entries']:,} entries in {spool['bytes']:,} bytes of files, "
               f"{spool['per_entry_byte'] or 0:.2f} per entry byte")
        steady = f", {flush['steady_per_second']:,.0f}/s from the first batch on" if flush["steady_per_second"] else ""
        yield (f"flush: {flush['entries']:,} entries in {flush['seconds']:.2f} s, {flush['per_second']:,.0f}/s{steady}; "
               f"{flush['rows']:,} rows there, {flush['doubled']} doubled")

    def _cost_lines(self):
        yield (f"recording cost: pgbench TPC-B-like, {self._options['tpcb_clients']} clients, "
               f"{self._options['tpcb_protocol']} protocol, {self._options['rounds']} alternating pairs")
        yield _row("", "off tx/s", "tx/s", "ratio", "lowest", "highest")
        for name, entry in self.cost.items():
            ratios = [pair["ratio"] for pair in entry["pairs"]]
            yield _row(name, f"{entry['off_tps']:,.0f}", f"{entry['tps']:,.0f}", f"{entry['ratio']:.3f}", f"{min(ratios):.3f}",
                       f"{max(ratios):.3f}")


def _row(name, *values):
    return f"{name:<16}" + "".join(f"{value:>12}" for value in values)
