"""The figures: one module each, one function that measures it and returns its rows."""
