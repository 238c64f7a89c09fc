"""Every problem code of the protocol, with the sentence and the remedy that a user reads unless somebody knows better.

Law: words only. Codes are stable for ever; sentences and remedies may improve.
"""

from __future__ import annotations

from layerlift.wire.limits import REMEDY, SENTENCE
from layerlift.wire.text import clipped
from layerlift.wire.values import Problem

_AGAIN = "Please try again."
_REPORT = "Please report this with the server's log."
_UPDATE_CLIENT = "Run the Layerlift installer again to update the plug-in."
_UPDATE_SERVER = "Update Layerlift, then start its server again."

PROBLEMS: dict[str, Problem] = {
    found.code: found
    for found in (
        Problem("malformed", "A message was malformed.", _REPORT),
        Problem("version-too-old", "This plug-in is too old for the Layerlift server.", _UPDATE_CLIENT),
        Problem("version-too-new", "This plug-in is too new for the Layerlift server.", _UPDATE_SERVER),
        Problem("unauthorized", "The Layerlift server does not know this program.", "Pair it again."),
        Problem("too-many", "There is too much going on at once.", "Wait a moment, then try again.", True),
        Problem("too-large", "This is larger than the Layerlift server takes.", "Make it smaller, then try again."),
        Problem("unknown-job", "The Layerlift server does not know this job.", "Ask for it again; it has expired."),
        Problem("unknown-upload", "The Layerlift server does not have this document.", "Send it again.", True),
        Problem("not-finished", "This job is not finished yet.", "Wait until it is done.", True),
        Problem("incomplete-upload", "The document has not arrived completely.", "Send the rest of it.", True),
        Problem("bad-params", "An option is out of range or contradicts another.", "Change it, then try again."),
        Problem("unsupported-operation", "This engine cannot do that.", "Choose another engine."),
        Problem("engine-unavailable", "This engine cannot run on this computer.", "Choose another engine."),
        Problem("input", "The picture cannot be read.", "Save it again as PNG, then try that."),
        Problem("engine", "The engine failed.", _AGAIN, True),
        Problem("crashed", "The engine crashed twice on this document.", "Try another engine, or a smaller document."),
        Problem(
            "out-of-memory", "There was not enough memory.", "Close other programs or use a smaller picture.", True
        ),
        Problem("cancelled", "Cancelled.", "", True),
        Problem("interrupted", "The Layerlift server stopped while this job ran.", _AGAIN, True),
        Problem("disk-full", "The disk is full.", "Make some room, then try again.", True),
        Problem("owner-only", "Only the owner of this computer's server may do that.", "Do it on the server's page."),
        Problem("shutting-down", "The Layerlift server is shutting down.", "Start it again, then try again.", True),
        Problem("internal", "Something unexpected went wrong in the Layerlift server.", _REPORT, True),
    )
}


def problem(code: str, sentence: str = "", remedy: str | None = None, *, retryable: bool | None = None) -> Problem:
    """The problem `code`, with a better `sentence`, `remedy` or `retryable` where known; cut to what a message may
    carry. Raises KeyError for a code that is not in `PROBLEMS`."""
    usual = PROBLEMS[code]
    return Problem(
        code,
        clipped(sentence or usual.sentence, SENTENCE),
        clipped(usual.remedy if remedy is None else remedy, REMEDY),
        usual.retryable if retryable is None else retryable,
    )
