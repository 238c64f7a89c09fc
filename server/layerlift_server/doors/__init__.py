"""Sockets and HTTP: who may knock, and everything between a connection and a session. Law: aiohttp lives here."""
