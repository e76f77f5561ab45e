"""`make run-all` and `make demo`: checks what can be checked before a start, then becomes supervisord."""
