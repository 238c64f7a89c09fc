"""How long a client waits, named, each with its reason. Law: numbers and one schedule, no behaviour, no clock."""

from __future__ import annotations

DIAL = 5.0
"""Seconds to connect and be welcomed: a local server answers in milliseconds, one across the room in tens."""

TICK = 0.1
"""Seconds between looks at whether the user cancelled; people feel a tenth of a second as at once."""

PING_AFTER = 15.0
"""Seconds of silence after which we ask whether the server is still there. It asks us every 20 s itself."""

LOST_AFTER = 45.0
"""Seconds of silence after which it is not: three of its own heartbeats have then been missed."""

BACKOFF = (0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 3.0, 3.0)
"""Seconds before each attempt to come back: 12 s in all, enough for a server that is being restarted by its user's
session or by `start`, short enough that a user who waits is told what happened."""

START = 20.0
"""Seconds for a server that we start to write its runtime file: under 1 s warm, several from a cold disk."""

CANCEL = 5.0
"""Seconds to wait for the server's word that a cancelled job has stopped. It stops without us all the same."""
