"""``make demo``: the operator at work, step by step, and each step is seen to have happened."""
