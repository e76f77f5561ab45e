"""How recordings lie on disk: names, files, journals and the index. The recorder writes them, the library reads."""
