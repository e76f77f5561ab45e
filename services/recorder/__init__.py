"""recorder: a subscriber that keeps what it takes: frames in, files, their index and reasons for gaps out."""
