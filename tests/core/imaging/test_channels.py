"""Whole planes compared: what NumPy's reductions give."""

import numpy as np
import pytest

from layerlift.imaging.channels import largest, least


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.bool_])
def test_the_same_to_the_bit(channels: int, dtype: type) -> None:
    values = (np.random.default_rng(channels).normal(0, 100, (7, 5, channels))).astype(dtype)
    assert (largest(values) == values.max(-1)).all()
    assert (least(values) == values.min(-1)).all()
    assert largest(values).dtype == least(values).dtype == values.dtype


def test_what_is_no_number_is_passed_on() -> None:
    values = np.array([[1.0, np.nan, 2.0]])
    assert np.isnan(largest(values)).all()
    assert np.isnan(least(values)).all()
