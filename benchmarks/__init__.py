"""What the operator costs and how quick it is, beside an ordinary operator: ``python -m benchmarks``."""
