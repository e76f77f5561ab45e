"""The room `ingest`: cameras' connections in, `jpeg/` and `camera/` out."""
