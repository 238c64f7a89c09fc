"""Secrets: made, compared, and kept as digests.

Law: stdlib only; knows neither who holds a secret nor where it is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

BYTES = 32


def fresh() -> str:
    """A new secret: 32 random bytes in URL-safe letters (43 of them)."""
    return secrets.token_urlsafe(BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret. SHA-256 suffices: 256 random bits cannot be guessed, slowly or quickly."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same(given: str, kept: str) -> bool:
    """Whether two secrets or digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), kept.encode("utf-8", "surrogatepass"))
