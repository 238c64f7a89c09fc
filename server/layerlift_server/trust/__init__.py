"""Secrets and who holds them. Law: knows no socket and no HTTP."""
