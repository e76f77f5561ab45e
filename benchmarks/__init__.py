"""The benchmark: every figure that the project promises, each beside its yardstick, measured in the same run."""
