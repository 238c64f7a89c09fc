import numpy as np
import pytest

from layerlift.refine.hints import BESIDE, beside, heeded, hint, unveiled
from layerlift.refine.symmetric import add_to_diagonal, inverse, outer, times
from layerlift.refine.unmix import Belief, Finding, Share

TRUE = np.float32([0.8, 0.85, 0.9])
WRONG = np.float32([0.88, 0.85, 0.80])


def finding(grounds, alphas, *, believed=WRONG, edge=1.0, seen=1.0, fitted=None, variance=1e-3):
    """Strokes of the colour TRUE and of `alphas` over `grounds` (k, 3), believed to be of another colour; the alphas
    that were fitted are least squares if not given."""
    grounds = np.float32(grounds).T
    count = grounds.shape[1]
    own = np.repeat(np.float32(believed)[:, None], count, 1)
    colour = grounds + np.float32(alphas) * (TRUE[:, None] - grounds)
    apart = own - grounds
    if fitted is None:
        fitted = (apart * (colour - grounds)).sum(0) / (apart**2).sum(0)
    even = add_to_diagonal(np.zeros((6, count), np.float32), variance)
    planes = [np.full(count, value, np.float32) for value in (0.3, edge, 1.0)]
    share = Share(1, np.arange(count), np.float32(np.broadcast_to(fitted, count)), np.ones(count, np.float32))
    belief = Belief(own, even, *planes, grounds, even.copy())
    return Finding(share, np.full(count, seen, np.float32), colour, belief)


def learnt(found, engine=WRONG):
    """The engine's colour after the hints of all points in one row of cells, many times over."""
    count = found.share.at.size
    hints = hint(found, np.arange(count))
    across = np.zeros((9, 1, beside(count)), np.float32)
    for k in range(count):
        across[:, 0, k // BESIDE] += 3000 * hints[:, k]
    planes = (np.broadcast_to(np.float32(one), (1, count, 3)).copy() for one in (engine, found.belief.mean[:, 0]))
    return heeded(*planes, np.full((1, count), 0.5, np.float32), across)[0]


def test_translucent_strokes_over_several_grounds_tell_their_colour():
    found = finding([(0.1, 0.1, 0.5), (0.7, 0.1, 0.1), (0.1, 0.6, 0.2), (0.3, 0.3, 0.3)] * 2, 0.6)
    assert np.abs(learnt(found) - TRUE).max() < 0.02


def test_over_one_ground_only_what_is_across_the_line_is_corrected():
    ground = np.float32([0.2, 0.2, 0.2])
    moved = learnt(finding([ground] * 8, 0.5))[0, 0] - WRONG
    along = (WRONG - ground) / np.linalg.norm(WRONG - ground)
    assert abs(moved @ along) < 0.01
    off = (TRUE - WRONG) - ((TRUE - WRONG) @ along) * along
    after = (TRUE - WRONG - moved) - ((TRUE - WRONG - moved) @ along) * along
    assert np.linalg.norm(after) < 0.25 * np.linalg.norm(off)


def test_a_right_colour_stays_whatever_the_alphas_are_thought_to_be():
    found = finding([(0.1, 0.1, 0.5), (0.7, 0.1, 0.1)] * 4, 0.6, believed=TRUE, fitted=0.45)
    assert np.abs(learnt(found, TRUE) - TRUE).max() < 0.01


def test_hints_that_start_from_a_learnt_colour_still_correct_the_engine():
    found = finding([(0.1, 0.1, 0.5), (0.7, 0.1, 0.1), (0.1, 0.6, 0.2), (0.3, 0.3, 0.3)] * 2, 0.6, believed=TRUE)
    assert np.abs(learnt(found, WRONG) - TRUE).max() < 0.02


@pytest.mark.parametrize("changed", [{"edge": 0.1}, {"seen": 0.5}, {"fitted": 0.05}])
def test_veils_and_what_is_faint_or_half_hidden_give_no_hints(changed):
    found = finding([(0.1, 0.1, 0.5), (0.7, 0.1, 0.1)] * 4, 0.6, **changed)
    assert not hint(found, np.arange(8)).any()
    engine = np.full((1, 8, 3), 0.5, np.float32)
    same, doubt = heeded(engine, engine, np.ones((1, 8), np.float32), np.zeros((9, 1, 2), np.float32))
    assert same is engine
    assert doubt == 1


def test_an_even_veil_of_nine_tenths_is_not_taken_for_its_mixture():
    found = finding([(0.1, 0.1, 0.1)] * 3, 0.9, believed=TRUE, edge=0.0, fitted=0.9)
    assert np.abs(unveiled(found, np.arange(3), found.colour.copy()) - TRUE[:, None]).max() < 0.005
    edged = finding([(0.1, 0.1, 0.1)] * 3, 0.9, believed=TRUE, fitted=0.9)
    assert (unveiled(edged, np.arange(3), edged.colour.copy()) == edged.colour).all()


def test_a_solid_pixel_is_its_own_colour():
    found = finding([(0.1, 0.1, 0.1)] * 3, 1.0, believed=WRONG, edge=0.0, fitted=1.0)
    assert (unveiled(found, np.arange(3), found.colour.copy()) == found.colour).all()


def test_the_inverse_of_symmetric_matrices():
    rng = np.random.default_rng(2)
    v = rng.random((3, 40)).astype(np.float32)
    s = add_to_diagonal(0.05 * outer(v), 1e-4)
    unit = times(s, times(inverse(s), v))
    assert np.allclose(unit, v, atol=1e-2)
