"""What recording costs: pgbench's TPC-B-like run through sidecars that differ in nothing else."""

import re
import statistics
import subprocess

from .load import PGBENCH
from .stack import DATABASE, USER, BenchError, Sidecar

OFF = "off"
LEVELS = {
    OFF: ["--audit-level", "off"],
    "writes": ["--audit-level", "writes"],
    "writes, strict": ["--audit-level", "writes", "--audit-durability", "strict"],
}


def pgbench(port, arguments):
    done = subprocess.run([PGBENCH, *arguments, "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"pgbench failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def figures(output):
    tps = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    latency = re.search(r"^latency average = ([\d.]+) ms", output, re.MULTILINE)
    return {"tps": float(tps[1]), "latency_ms": float(latency[1])}


def measure(children, postgres, binary, options, say):
    """Alternating pairs: off against one level, in turns the one and the other first."""
    pgbench(postgres.port, ["-i", "-q", "-s", str(options.scale)])
    sidecars = {name: Sidecar(children, postgres, binary, f"cost{number}", flags)
                for number, (name, flags) in enumerate(LEVELS.items())}

    def run(name):
        for sql in ("vacuum analyze pgbench_branches, pgbench_tellers", "truncate pgbench_history", "checkpoint"):
            postgres.run(sql)
        return figures(pgbench(sidecars[name].port, [
            "-n", "-c", str(options.tpcb_clients), "-j", "1", "-T", str(options.tpcb_seconds), "-M", options.tpcb_protocol]))

    for name in LEVELS:
        pgbench(sidecars[name].port, ["-n", "-c", str(options.tpcb_clients), "-T", "1"])
    pairs = {name: [] for name in LEVELS if name != OFF}
    for number in range(options.rounds):
        for name in pairs:
            say(f"recording cost: pair {number + 1}/{options.rounds}, {OFF} and {name}")
            order = (OFF, name) if number % 2 == 0 else (name, OFF)
            sample = {which: run(which) for which in order}
            pairs[name].append({"off": sample[OFF], "with": sample[name],
                                "ratio": sample[name]["tps"] / sample[OFF]["tps"]})
    return {name: {"pairs": samples, "ratio": statistics.median(sample["ratio"] for sample in samples),
                   "off_tps": statistics.median(sample["off"]["tps"] for sample in samples),
                   "tps": statistics.median(sample["with"]["tps"] for sample in samples)}
            for name, samples in pairs.items()}
