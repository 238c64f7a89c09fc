import numpy as np
import pytest

from layerlift.refine.moments import _sums


@pytest.mark.parametrize("longest", [1, 2, 5, 8, 20])
@pytest.mark.parametrize("axis", [1, 2])
def test_sums_are_numpys_to_the_last_bit(longest, axis):
    rng = np.random.default_rng(longest)
    planes = rng.standard_normal((3, 61, 83)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, longest + 1, 100))])
    starts = starts[starts < planes.shape[axis]]
    assert (_sums(planes, starts, axis) == np.add.reduceat(planes, starts, axis=axis)).all()
