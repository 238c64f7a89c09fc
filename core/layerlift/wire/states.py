"""Who may say what when: the conversation and its transfers, as tables.

Law: data. `connection` obeys these tables; docs/protocol.md's diagrams are drawn from them, and a test keeps the two
equal. A pair (state, speaker, kind) that is missing here must not be said. "*" stands for every kind of that speaker
which has no line of its own.
"""

from __future__ import annotations

from typing import Literal

Side = Literal["client", "server"]
State = Literal["greeting", "greeted", "open", "closed"]
Leg = Literal["asked", "flowing", "over"]

CONVERSATION: dict[tuple[State, Side, str], State] = {
    ("greeting", "client", "hello"): "greeted",
    ("greeting", "server", "refused"): "closed",
    ("greeted", "server", "welcome"): "open",
    ("greeted", "server", "refused"): "closed",
    ("open", "client", "*"): "open",
    ("open", "server", "*"): "open",
}
"""(state, who speaks, what) → the next state."""

NEVER_AGAIN = {"hello", "welcome"}
"""What "*" does not stand for: the greeting happens once."""

TRANSFER: dict[tuple[Leg, Literal["sender", "receiver", "client", "server"], str], Leg] = {
    ("asked", "server", "ready"): "flowing",
    ("asked", "server", "refused"): "over",
    ("asked", "client", "stop"): "over",
    ("flowing", "sender", "chunk"): "flowing",
    ("flowing", "receiver", "ack"): "flowing",
    ("flowing", "server", "refused"): "over",
    ("flowing", "client", "stop"): "over",
}
"""(state, who speaks, what) → the next state of one transfer, which put or get begins in "asked". The client sends
what it puts, the server what was got. A transfer whose `ready` or `ack` reaches its size is over."""


def after(state: State, speaker: Side, kind: str) -> State | None:
    """The state after `speaker` said `kind`, None if that must not be said."""
    if (state, speaker, kind) in CONVERSATION:
        return CONVERSATION[state, speaker, kind]
    return None if kind in NEVER_AGAIN else CONVERSATION.get((state, speaker, "*"))
