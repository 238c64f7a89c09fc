"""Every refusal of this room, in plain words: what happened, what would help. Law: sentences only."""

from __future__ import annotations

from layerlift.wire.problems import problem
from layerlift.wire.values import EngineOffer
from layerlift_server.jobs.port import Refusal


def unknown_job() -> Refusal:
    """Nobody has it, or it is somebody else's: who asks learns no difference."""
    return _refusal("unknown-job", "There is no such job here.", "It may have expired or been dropped.")


def unknown_upload() -> Refusal:
    """It is not there, or somebody else's."""
    return _refusal("unknown-upload", "There is no such upload here.", "Send the document again.")


def taken(what: str) -> Refusal:
    """A known id with other content, or of another owner."""
    return _refusal("bad-params", f"This {what}'s id already stands for another one.", "Use a new random UUID.")


def bad(sentence: str, remedy: str = "") -> Refusal:
    """Something in the request is out of range."""
    return _refusal("bad-params", sentence, remedy)


def malformed(sentence: str) -> Refusal:
    """Something that a correct client never says."""
    return _refusal("malformed", sentence, "This is a defect of the client: please report it.")


def too_large(sentence: str, remedy: str) -> Refusal:
    """Beyond a limit of size."""
    return _refusal("too-large", sentence, remedy)


def too_many(sentence: str, remedy: str) -> Refusal:
    """Beyond a limit of number."""
    return _refusal("too-many", sentence, remedy, retryable=True)


def disk_full() -> Refusal:
    """No room for it."""
    return _refusal(
        "disk-full", "The server's disk is too full for this.", "Free some space, then send it again.", True
    )


def incomplete(have: int, size: int) -> Refusal:
    """Submitted before it was there."""
    return _refusal("incomplete-upload", f"Of the document {have} of {size} bytes are here.", "Send the rest.", True)


def unsupported(operation: str, engine: str) -> Refusal:
    """The engine cannot do that."""
    return _refusal("unsupported-operation", f"The engine “{engine}” cannot {operation}.", "Choose another engine.")


def nobody_can(operation: str, missing: EngineOffer | None) -> Refusal:
    """No engine that can run here does that; perhaps one that cannot run here (yet) would."""
    remedy = (
        f"{missing.title} could: {missing.missing}"
        if missing
        else "Get a model that can: “layerlift models” lists them."
    )
    return _refusal("unsupported-operation", f"No engine here can {operation}.", remedy)


def no_engine(name: str, known: str) -> Refusal:
    """A name that nobody has."""
    return _refusal("engine-unavailable", f"There is no engine called “{name}”.", f"Known engines: {known}.")


def engine_missing(name: str, missing: str) -> Refusal:
    """It exists but cannot run here."""
    return _refusal("engine-unavailable", f"The engine “{name}” cannot run here: {missing}")


def not_finished() -> Refusal:
    """Its result is asked for too early, or there is none."""
    return _refusal("not-finished", "There is no such result yet.", "Wait until the job is done.", True)


def no_layer() -> Refusal:
    """A number beyond the stack."""
    return _refusal("bad-params", "The result has no such layer.", "Layers count from 0, bottom first.")


def no_native() -> Refusal:
    """The document came without numbers of its own, or the layers are not made of it."""
    return _refusal("bad-params", "The layer is not there in the document's own numbers.", "Pull it in RGB.")


def broken_file(reason: str) -> Refusal:
    """The disk said no."""
    return _refusal("internal", f"The server cannot use a file of its own: {reason}.", "See its log.", True)


def damaged() -> Refusal:
    """A file of ours is not as we left it."""
    return _refusal("internal", "The result's files are damaged or gone.", "Take the picture apart again.")


def stopping() -> Refusal:
    """No more work today."""
    return _refusal("shutting-down", "The server is shutting down.", "Try again when it runs again.", True)


def _refusal(code: str, sentence: str, remedy: str = "", retryable: bool = False) -> Refusal:
    return Refusal(problem(code, sentence, remedy, retryable=retryable))
