"""How long the commands take, against what does the same: ``python -m tests.benchmarks``.

A module a topic, each with ``measure(size)``, which yields comparisons. Each is of two, measured in turn, so
that what else the machine does meets both alike; what is told is the median of CPU time, and the ratio.
"""
