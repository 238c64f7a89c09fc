"""What a design is: a flat picture and the stack it was made from.

Law: values only. Pixels are uint8, sRGB; alpha is straight; stacks run bottom → top.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


class GroundLayer(NamedTuple):
    """One layer of the truth, complete where something above hides it (amodal).

    `rgba` (H, W, 4) includes the element's own drop shadow; `core` (H, W) is the alpha without that shadow, or None
    when it casts none (the metric takes the better of the two). `content` is what a text layer says.
    """

    role: str
    name: str
    rgba: U8
    core: U8 | None = None
    content: str | None = None


class Design(NamedTuple):
    """A flat picture (`image`, (H, W, 3)) and its ground truth, bottom → top; layer 0 is the opaque background."""

    name: str
    image: U8
    layers: tuple[GroundLayer, ...]

    @property
    def texts(self) -> list[str]:
        """What the text layers say, bottom → top."""
        return [layer.content for layer in self.layers if layer.content is not None]
