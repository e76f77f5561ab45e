"""fanout: topics of the bus to many viewers, and everything else that port 8080 answers."""
