import numpy as np
import pytest

from layerlift.refine.moments import _sums


@pytest.mark.parametrize("longest", [1, 2, 5, 8, 20])
@pytest.mark.parametrize("axis", [0, 1])
def test_sums_are_numpys_to_the_last_bit(longest, axis):
    rng = np.random.default_rng(longest)
    plane = rng.standard_normal((61, 83)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, longest + 1, 100))])
    starts = starts[starts < plane.shape[axis]]
    assert (_sums(plane, starts, axis) == np.add.reduceat(plane, starts, axis=axis)).all()
