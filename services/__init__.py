"""The rooms: one package (or module) a process of the pipeline. They meet only in topics."""
