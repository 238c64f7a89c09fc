"""Simplified Chinese."""

WORDS: dict[str, str] = {}
