from __future__ import annotations

import layerlift.errors as errors
from layerlift.errors import Cancelled, EngineError, EngineUnavailable, LayerliftError


def test_an_error_reads_as_sentence_and_remedy() -> None:
    error = LayerliftError("The file is empty.", "Save it again.")
    assert str(error) == "The file is empty. Save it again."
    assert str(LayerliftError("The file is empty.")) == "The file is empty."


def test_codes_are_unique_and_the_tree_in_the_docstring_is_complete() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, LayerliftError)]
    assert len({c.code for c in classes}) == len(classes)
    for c in classes:
        assert c.__name__ in (errors.__doc__ or "")


def test_who_may_try_again() -> None:
    assert EngineError.retryable
    assert not EngineUnavailable.retryable
    assert Cancelled().remedy == "Nothing was written."
