"""Benches of the server: round trip, memory, lag, load, and a fault drill. `python -m tests.bench.server.NAME`."""
