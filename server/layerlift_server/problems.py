"""The serving process's own words for "no": every problem that sessions and endpoints state, in one place.

Law: sentences only. What jobs refuse, the jobs word themselves. Codes are the protocol's (`layerlift.wire.problems`).
"""

from __future__ import annotations

from layerlift.wire.problems import problem

_REPEAT = "Wait until one ends, then try again."

UNAUTHORIZED = problem(
    "unauthorized",
    "This connection has not proved who it is.",
    "Start the program again, or pair it with the code that the server's page shows.",
)
WRONG_CODE = problem(
    "unauthorized",
    "This pairing code is wrong, used, or too old.",
    "Let the server's page show a new one.",
    retryable=True,
)
REVOKED = problem("unauthorized", "This device was revoked.", "Pair it again.")
TOO_MANY_DEVICES = problem("too-many", "The server has as many paired devices as it takes.", "Revoke one of them.")
TOO_MANY_TRANSFERS = problem("too-many", "Too many transfers run on this connection.", _REPEAT)
TOO_MANY_WATCHED = problem("too-many", "Too many jobs are watched on this connection.", _REPEAT)
TOO_FAST = problem("too-many", "Far more messages came than any work needs.", "Connect again.")
TOO_SLOW = problem("too-many", "This connection does not read what it is sent.", "Connect again.")
NO_HELLO = problem("unauthorized", "Nothing was said in time.", "Connect again.", retryable=True)
NOT_BINARY = problem("malformed", "A text message came; the protocol is binary.")
MOVED = problem("interrupted", "This upload goes on over another connection.", "")
BEYOND = problem("bad-params", "The offset lies beyond the end.", "Ask for bytes that are there.")
OWNER_ONLY = problem("owner-only")
SHUTTING_DOWN = problem("shutting-down")
BROKEN = problem("internal")
