"""Connections and the conversations on them. Law: only `transport` speaks aiohttp; a session knows the wire and the
jobs' port."""
