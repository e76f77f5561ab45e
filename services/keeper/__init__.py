"""keeper: what must outlive a process (scale, known cameras), and the only hand on supervisord."""
