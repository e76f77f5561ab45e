"""Instruments of the tests: pipelines, pictures, short folders."""
