"""Over a pixel's channels. Law: an array whose last axis is short; what NumPy's reductions give, to the bit.

NumPy reduces a last axis of two to four values ten times slower than it compares whole planes.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = TypeVar("Values", bound=np.generic)


def largest(values: NDArray[Values]) -> NDArray[Values]:
    """`values.max(-1)` of (…, c); of bools `any`."""
    return _over(np.maximum, values)


def least(values: NDArray[Values]) -> NDArray[Values]:
    """`values.min(-1)` of (…, c); of bools `all`."""
    return _over(np.minimum, values)


def _over(choose: Any, values: NDArray[Values]) -> NDArray[Values]:
    out: NDArray[Values] = reduce(choose, (values[..., place] for place in range(values.shape[-1])))
    return out
