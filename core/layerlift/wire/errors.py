"""What can go wrong in a conversation, and whose fault it is.

Law: knows the values and nothing else; raises nothing itself.

    WireError
    ├── LocalProtocolError     we tried to say what the protocol forbids: a bug on this side
    └── RemoteProtocolError    the other side said what the protocol forbids: close with `close_code`, show `problem`
"""

from __future__ import annotations

from layerlift.wire.values import Problem

GOING_AWAY = 1001
NORMAL = 1000
MALFORMED = 4400
UNAUTHENTICATED = 4401
TOO_SLOW = 4408
OUT_OF_STEP = 4409
TOO_LARGE = 4413
TOO_MANY = 4429
UNAVAILABLE = 4503

CLOSE_CODES: dict[int, str] = {
    NORMAL: "The conversation is over.",
    GOING_AWAY: "The program at the other end was closed.",
    MALFORMED: "A message was malformed, or not allowed at this point of the conversation.",
    UNAUTHENTICATED: "No valid token, pairing code or page cookie was shown, or it was revoked.",
    TOO_SLOW: "Hello did not come in time, or nothing was read for too long.",
    OUT_OF_STEP: "A transfer's bytes came at the wrong offset or without credit.",
    TOO_LARGE: "A message was larger than the protocol allows.",
    TOO_MANY: "Too many connections, transfers or attempts.",
    UNAVAILABLE: "The server is shutting down; it can be started again.",
}
"""Every websocket close code the protocol uses, with its meaning."""


class WireError(Exception):
    """Anything wrong in a conversation."""


class LocalProtocolError(WireError):
    """This side tried to say what the protocol forbids. Nothing was sent; the conversation stands where it was."""


class RemoteProtocolError(WireError):
    """The other side said what the protocol forbids. The conversation is closed; close the socket with `close_code`."""

    def __init__(self, close_code: int, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.close_code = close_code
        self.problem = problem
