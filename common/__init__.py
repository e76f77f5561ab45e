"""The vocabulary that every room shares: frames, topics, the bus, configuration. No policy of any stage."""
