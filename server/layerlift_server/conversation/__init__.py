"""Sessions: what clients say and how they are answered. Law: knows the wire and the jobs' port; no socket, no HTTP."""
