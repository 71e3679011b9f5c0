"""Benchmarks: one JSON line per promise, each measured against a limit or a peer in the same run."""
