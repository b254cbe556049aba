"""The campaign of benchmarks/faults.py."""
