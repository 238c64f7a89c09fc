"""Uploads, the queue, results on disk. Law: knows the worker and the wire's values; no socket, no HTTP."""
