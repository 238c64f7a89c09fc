import numpy as np
import pytest

from layerlift.refine.laplacian import Windows, solve


def plain(colour, inside=None):
    """L of a picture, all windows alike."""
    windows = Windows.of(colour, np.ones(colour.shape[1:], bool) if inside is None else inside)
    return windows.laplacian(np.ones_like(windows.whole))


def picture(height, width, seed=0):
    return np.random.default_rng(seed).random((3, height, width)).astype(np.float32)


def dense(laplacian):
    """L as a matrix, column by column."""
    shape = laplacian.diagonal.shape
    columns = []
    for k in range(shape[0] * shape[1]):
        unit = np.zeros(shape, np.float32)
        unit.reshape(-1)[k] = 1
        columns.append(laplacian.times(unit).ravel())
    return np.array(columns, np.float64).T


def misfit(colour, alpha, inside):
    """What is left of alpha after the best linear function of colour in every window, squared: the definition."""
    total = 0.0
    for y in range(alpha.shape[0] - 2):
        for x in range(alpha.shape[1] - 2):
            window = np.s_[y : y + 3, x : x + 3]
            if inside[window].all():
                design = np.vstack([colour[:, window[0], window[1]].reshape(3, 9), np.ones(9)]).T.astype(np.float64)
                wanted = alpha[window].ravel().astype(np.float64)
                total += float(((wanted - design @ np.linalg.lstsq(design, wanted, rcond=None)[0]) ** 2).sum())
    return total


def test_it_measures_what_no_linear_function_of_colour_explains():
    colour, alpha = picture(7, 9), np.random.default_rng(1).random((7, 9)).astype(np.float32)
    inside = np.ones((7, 9), bool)
    inside[2, 3] = inside[6, 8] = False
    laplacian = plain(colour, inside)
    expected = misfit(colour, alpha, inside)
    assert expected > 1
    assert float((alpha * laplacian.times(alpha)).sum()) == pytest.approx(expected, rel=1e-3)


def test_a_linear_function_of_colour_costs_nothing():
    colour = picture(8, 8)
    alpha = 0.2 + 0.3 * colour[0] - 0.1 * colour[1] + 0.4 * colour[2]
    laplacian = plain(colour)
    assert np.abs(laplacian.times(alpha)).max() < 1e-4
    assert np.abs(laplacian.times(np.ones_like(alpha))).max() < 1e-5


@pytest.mark.parametrize("make", [picture, lambda h, w: np.full((3, h, w), 0.3, np.float32)])
def test_it_is_symmetric_and_never_negative(make):
    matrix = dense(plain(make(6, 7)))
    assert np.abs(matrix - matrix.T).max() < 1e-6
    assert np.linalg.eigvalsh((matrix + matrix.T) / 2).min() > -1e-5
    assert np.abs(np.diag(matrix)).max() > 1


def test_windows_know_what_they_leave_over_and_weigh_what_they_are_told():
    colour, alpha = picture(7, 9), np.random.default_rng(1).random((7, 9)).astype(np.float32)
    windows = Windows.of(colour, np.ones((7, 9), bool))
    left = windows.left(alpha)
    assert float(left.sum()) == pytest.approx(misfit(colour, alpha, np.ones((7, 9), bool)), rel=1e-3)
    weight = np.random.default_rng(2).random(left.shape).astype(np.float32)
    cost = float((alpha * windows.laplacian(weight).times(alpha)).sum())
    assert cost == pytest.approx(float((left * weight).sum()), rel=1e-3)


def test_the_solution_is_the_matrix_equations():
    rng = np.random.default_rng(3)
    laplacian = plain(picture(8, 9, 4))
    wanted, start = (rng.random((8, 9)).astype(np.float32) for _ in range(2))
    precision = rng.uniform(0.05, 2, (8, 9)).astype(np.float32)
    free = (rng.random((8, 9)) < 0.7).astype(np.float32)
    found = solve(laplacian, precision, wanted, start, free)
    assert (found[free == 0] == start[free == 0]).all()
    some = free.ravel() > 0
    matrix = dense(laplacian) + np.diag(precision.ravel())
    right = (precision * wanted).ravel() - matrix[:, ~some] @ start.ravel()[~some]
    exact = np.linalg.solve(matrix[np.ix_(some, some)], right[some])
    assert np.abs(found.ravel()[some] - exact).max() < 2e-3


def test_nothing_free_changes_nothing():
    laplacian, start = plain(picture(5, 5)), picture(5, 5)[0]
    nothing = np.zeros_like(start)
    assert (solve(laplacian, nothing, nothing, start, nothing) == start).all()
