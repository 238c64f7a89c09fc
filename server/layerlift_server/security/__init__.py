"""Secrets, who holds them, and which requests are believed. Law: knows no socket and no HTTP library."""
