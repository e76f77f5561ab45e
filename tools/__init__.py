"""Programs around the pipeline, for people and for tests; nothing in the pipeline imports them."""
