"""The parts of bench/outage: the stack, the load, the recording cost, the report."""
