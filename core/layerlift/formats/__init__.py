"""Files in, files out: one format, one file, `read` beside `write`. Floor: knows imaging; no engine."""
