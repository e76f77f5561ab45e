"""The library: what was recorded, for those who look at it."""
