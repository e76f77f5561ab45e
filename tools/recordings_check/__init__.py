"""`make recordings-check`: are files, index and journals of all recordings whole, and do they say the same?"""
