"""The parts of bench/compare: processes, targets, measurements, the report."""
