"""What pixels say of a layer's colour where it is not alone, on a device: `refine.hints`, equation by equation.

Law: one slot of some pixels in, numbers out; each pixel alone.
"""

from __future__ import annotations

from layerlift.refine.cells import SOLID
from layerlift.refine.hints import EDGED, LEAST, NOISE, SEEN
from layerlift.refine.torches.device import Tensor, torch
from layerlift.refine.torches.symmetric import inverse, outer, times
from layerlift.refine.torches.unmix import Belief


def told(belief: Belief, seen: Tensor, colour: Tensor, alpha: Tensor, document: Tensor) -> tuple[Tensor, Tensor]:
    """`hint` (9, n) and `unveiled` (3, n) of `refine.hints`; `document` (3, n): the colour that is seen."""
    own, spread, _, edge, _, below, below_spread = belief
    apart = own - below
    covariance = (alpha * alpha * spread).addcmul_((1 - alpha) ** 2, below_spread)
    inverted, rest = inverse(covariance, NOISE), colour - below - alpha * apart
    veil = (alpha < SOLID) & (edge < EDGED)
    pure = torch.where(veil, (own + alpha * times(spread, times(inverted, rest))).clamp(0, 1), document)
    pulled = times(inverted, apart)
    across = inverted - outer(pulled) / (pulled * apart).sum(0).clamp_min(1e-6)
    hints = torch.cat([across * (alpha * alpha), times(across, rest) * alpha])
    return torch.where((seen > SEEN) & (alpha > LEAST) & (edge > EDGED), hints, 0.0), pure
