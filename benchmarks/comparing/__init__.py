"""The parts of benchmarks/compare.py and benchmarks/growth.py."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)  # the packages of this checkout, also where it is not installed
