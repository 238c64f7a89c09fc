import numpy as np
import pytest

from layerlift.refine.agreement import Posterior, agreed, moments

SIDE = 9


def asking(count, chances):
    """Posteriors between "all", "nothing", an even .4 and a mix of .5."""
    alphas = np.repeat(np.array([[1], [0], [0.4], [0.5]], np.float32), count, 1)
    spread = np.zeros_like(alphas)
    spread[3] = 0.02
    return Posterior(alphas, np.repeat(np.array(chances, np.float32)[:, None], count, 1), spread)


def test_moments_are_those_of_the_mixture():
    mean, around = moments(asking(1, [0.5, 0.25, 0, 0.25]))
    assert mean[0] == pytest.approx(0.625)
    assert around[0] == pytest.approx(0.5 * 0.375**2 + 0.25 * 0.625**2 + 0.25 * (0.125**2 + 0.02), rel=1e-5)


def halves():
    """Two colours side by side; alpha is known but for the middle three columns."""
    colour = np.full((3, SIDE, SIDE), 0.2, np.float32)
    colour[:, :, 5:] = np.array([0.3, 0.25, 0.2], np.float32)[:, None, None]
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[:, 5:] = 1
    row, column = (one.ravel() for one in np.mgrid[0:SIDE, 3:6])
    return colour, alpha, (row, column)


def test_who_is_sure_draws_along_who_is_not():
    colour, alpha, at = halves()
    truth = alpha[at]
    start = alpha.copy()
    start[at] = 0.5
    found = agreed(colour, np.ones_like(alpha, bool), start, at, asking(truth.size, [0.4, 0.4, 0, 0.2]))
    assert np.abs(found - truth).max() < 0.1
    assert found.min() >= 0
    assert found.max() <= 1


def test_a_pixel_that_is_sure_of_itself_is_heard():
    colour, alpha, at = halves()
    sure, unsure = (
        agreed(colour, np.ones_like(alpha, bool), alpha, at, asking(at[0].size, chances))
        for chances in ([1, 0, 0, 0], [0.6, 0.4, 0, 0])
    )
    left = at[1] < 5
    assert unsure[left].max() < 0.05  # talked round by neighbours of the same colour that are known
    assert sure[left].min() > 0.3
    assert sure[~left].min() > 0.99


def test_nothing_passes_through_pixels_that_say_nothing():
    colour, alpha, at = halves()
    inside = np.zeros_like(alpha, bool)
    asked = asking(at[0].size, [0.7, 0.3, 0, 0])
    assert agreed(colour, inside, alpha, at, asked) == pytest.approx(0.7, abs=0.15)  # all neighbours that there are


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 2)])
def test_where_no_window_fits_each_decides_alone(size):
    asked = asking(1, [0.7, 0.3, 0, 0])
    at = np.zeros(1, np.intp), np.zeros(1, np.intp)
    plane = np.zeros(size, np.float32)
    assert agreed(np.zeros((3, *size), np.float32), plane == 0, plane, at, asked) == pytest.approx(0.7)


def test_an_edge_that_no_colour_tells_is_kept_for_the_most_part(monkeypatch):
    """Texture of like colours on both sides, everybody fairly sure. Without the windows' weights it is torn up."""
    rng = np.random.default_rng(0)
    colour = rng.random((3, 24, 24)).astype(np.float32)
    truth = np.zeros((24, 24), np.float32)
    truth[:, 12:] = 1
    row, column = (one.ravel() for one in np.mgrid[0:24, 9:15])
    believed = truth[row, column]
    chances = np.stack([0.1 + 0.8 * believed, 0.9 - 0.8 * believed, 0 * believed, 0 * believed])
    asked = Posterior(np.repeat(np.array([[1], [0], [0.4], [0.5]], np.float32), row.size, 1), chances, 0 * chances)
    start = truth.copy()
    start[row, column] = chances[0]

    def error():
        found = agreed(colour, np.ones_like(truth, bool), start, (row, column), asked)
        return np.abs(found - believed).mean()

    weighed = error()
    monkeypatch.setattr("layerlift.refine.agreement.HALF", 1e6)
    assert weighed < 0.16
    assert weighed < 0.75 * error()
