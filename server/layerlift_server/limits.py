"""Every limit of the serving process, named, each with its reason. Law: stdlib only; numbers, no behaviour.

What messages and transfers are limited to is the protocol's own business (`layerlift.wire.limits`).
"""

from __future__ import annotations

CONNECTIONS = 256
"""Sockets open at once: 50 clients with a page each, twice over."""

OPEN_FILES = 4096
"""To how many open files the process raises its own limit where it may (macOS begins with 256): each connection is one,
and each transfer another."""

UNPROVEN = 96
"""Sockets that have not said who they are. A greeting takes milliseconds: these are a burst of clients that start
together, or somebody who only wants to hold them."""

CONNECTIONS_OF_ONE_ADDRESS = 32
"""Sockets of one address at the remote endpoint: an office behind one router, not a flood. Loopback is one address for
everybody and has `CONNECTIONS` alone."""

HEADERS_SECONDS = 5.0
"""From the first byte of a connection to the end of its first request's headers (slow loris)."""

KEEPALIVE_SECONDS = 10.0
"""An idle HTTP connection is closed after this; browsers open a new one without a word."""

LINE_BYTES, FIELD_BYTES = 4096, 8190
"""A request's first line and one header field: ours need 200 bytes; browsers' cookies are the longest."""

HEARTBEAT_SECONDS = 20.0
"""A websocket that is silent for this long is pinged, and closed when half of it passes without an answer."""

CLOSE_SECONDS = 2.0
"""For the other side to answer our close frame; who doesn't is cut."""

MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 200.0, 1000
"""Control messages of one connection: pulling 64 layers with all their acks is 500. Faster ones are read slower, none
is lost."""

FLOOD_MESSAGES = 2000
"""Who had to be slowed down for so many messages without ever pausing is flooding, and is closed (4429). A plug-in
sends a few hundred for a whole picture."""

SMALL_CHUNK = 4096
"""A chunk with less data than this counts as a control message (unless it ends a small transfer, it is a flood)."""

WAITING_BYTES = 4 * 1024 * 1024
"""Events waiting for a client that does not read: an hour of progress coalesces into one message, so that this is 64
layers with their text several times over. Beyond it the client is too slow and is closed (4408)."""

WATCHED = 256
"""Jobs one connection is told about."""

DEVICES = 64
"""Paired devices: a studio. Each is a token that opens this server."""

PAIRING_SECONDS, PAIRING_TRIES = 120.0, 5
"""How long a six-digit code is good, and how many guesses it survives: 5 in 1 000 000."""

KEY_SECONDS, KEYS = 60.0, 16
"""How long a one-time link is good, and how many can be open."""

COOKIES, COOKIE_SECONDS = 64, 12 * 3600.0
"""Browser sessions of the page, and how long one lasts: a working day."""

GRACE_SECONDS = 20.0
"""A quitting server lets the running job end for this long, then puts it back into the queue. Below the 30 s after
which service managers kill."""

BODY_BYTES = 1024
"""A request's body: no route reads one."""

LEAST_FREE_BYTES = 2 * 1024**3
"""Free space under the data folder below which the doctor warns: one document at the limit, its layers and a PSD."""
