"""Densities and tints told apart, and the solver of smooth fields behind it."""

import cv2
import numpy as np
import pytest

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Role
from layerlift.refine import balance as balancing
from layerlift.refine import normal
from layerlift.refine.balance import balance
from layerlift.refine.field import Samples, Unknowns, left_over
from layerlift.refine.normal import solve
from layerlift.refine.rough import RoughLayer

SIDE = 160
BOX = Bounds(0, 0, SIDE, SIDE)
SOURCE = Layer("x", Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))


def smooth(seed, grain):
    small = np.random.default_rng(seed).standard_normal((SIDE // grain + 2, SIDE // grain + 2)).astype(np.float32)
    return cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def scene(texture=0.12):
    back = np.clip(0.35 + texture * smooth(1, 4)[..., None] * np.float32([1, 0.8, 0.6]), 0, 1).astype(np.float32)
    fog = np.clip(0.4 + 0.08 * smooth(2, 50), 0.1, 0.8).astype(np.float32)
    white = np.full((SIDE, SIDE, 3), 0.85, np.float32)
    shown = back + fog[..., None] * (white - back)
    return back, fog, white, shown


def layers(back, fog, white, box=BOX):
    solid = np.ones((SIDE, SIDE), np.float32)
    return [RoughLayer(SOURCE, BOX, solid, back), RoughLayer(SOURCE, box, fog, white)]


def off(alpha, truth):
    return float(np.abs(alpha - truth).mean())


def test_a_fog_of_wrong_density_gets_its_own():
    back, fog, white, shown = scene()
    wrong = np.clip(fog + 0.07 * smooth(3, 30), 0.02, 0.95).astype(np.float32)
    out = balance(shown, layers(back, wrong, white))
    assert off(out[1].alpha, fog) < off(wrong, fog) / 3
    assert (out[0].alpha == 1).all()


def test_tinted_layers_do_not_pass_for_a_wrong_density():
    back, fog, white, shown = scene()
    tint = np.float32([0.01, -0.008, 0.006])
    wrong = np.clip(fog + 0.07 * smooth(3, 30), 0.02, 0.95).astype(np.float32)
    out = balance(shown, layers(np.clip(back + tint, 0, 1), wrong, white - tint))
    assert off(out[1].alpha, fog) < off(wrong, fog) / 2


def test_what_adds_up_stays():
    back, fog, white, shown = scene()
    out = balance(shown, layers(back, fog, white))
    assert off(out[1].alpha, fog) < 5e-4
    assert off(out[0].colour, back) < 5e-4


def test_a_drift_of_what_is_seen_alone_is_tint():
    back, _, white, _ = scene()
    nothing = np.zeros((SIDE, SIDE), np.float32)
    drifted = np.clip(back + np.float32(0.02), 0, 1)
    out = balance(back, layers(drifted, nothing, white))
    assert off(out[0].colour, back) < 0.3 * off(drifted, back)
    assert (out[1].alpha == 0).all()


@pytest.mark.parametrize("box", [Bounds(3, 5, 41, 30), Bounds(150, 150, 10, 10), Bounds(0, 0, 160, 1)])
def test_boxes_need_not_meet_blocks(box):
    back, _, white, _ = scene()
    part = (box.height, box.width)
    veil = RoughLayer(SOURCE, box, np.full(part, 0.5, np.float32), white[: box.height, : box.width])
    out = balance(back, [layers(back, back[..., 0], white)[0], veil])
    assert out[1].alpha.shape == part
    assert out[1].box == box
    assert np.isfinite(out[1].colour).all()


def test_a_blurred_copy_of_what_lies_behind_does_not_thin_the_fog(monkeypatch):
    back, fog, white, shown = scene()
    soft = cv2.GaussianBlur(back, (0, 0), 0.8)
    out = balance(shown, layers(soft, fog, white))
    assert abs(float((out[1].alpha - fog).mean())) < 0.01
    monkeypatch.setattr(balancing, "BLUR", 1e-6)
    blind = balance(shown, layers(soft, fog, white))
    assert float((blind[1].alpha - fog).mean()) < -0.02  # what the blur would otherwise be taken for


def test_a_gain_that_shows_where_a_layer_is_bare_holds_below_a_veil(monkeypatch):
    back, _, white, _ = scene(texture=0.2)
    veil = np.full((SIDE, SIDE), 0.45, np.float32)
    veil[:, : SIDE // 2] = 0
    shown = back + veil[..., None] * (white - back)
    fainter = (back * np.float32(0.95)).astype(np.float32)
    out = balance(shown, layers(fainter, veil, white))
    monkeypatch.setattr(balancing, "GAIN", 1e-6)
    blind = balance(shown, layers(fainter, veil, white))
    below = np.s_[:, SIDE // 2 :]
    assert off(out[0].colour[below], back[below]) < 0.7 * off(blind[0].colour[below], back[below])
    assert off(out[1].alpha, veil) < 0.004


def test_a_fog_that_nearly_got_lost_comes_back():
    back, fog, white, shown = scene()
    odds = fog / (1 - fog) * np.exp(-1.6).astype(np.float32)
    thin = (odds / (1 + odds)).astype(np.float32)
    out = balance(shown, layers(back, thin, white))
    assert off(thin, fog) > 0.2
    assert off(out[1].alpha, fog) < 0.03


def test_offsets_of_whole_layers_are_free():
    """A drift of a whole layer is believed more readily than the same drift of one place."""
    samples = equations()
    samples.columns[..., 1, :] = samples.columns[..., 3, :]
    x = solve(samples, np.full(12, 0.01, np.float32), Unknowns.none(3, 12))
    assert np.abs(x.numbers[:3, 1:]).max() > 0
    assert (x.fields[-1] == 0).all()
    assert (x.numbers[-1] == 0).all()


def equations(seed=0, blocks=(3, 4), deep=2, count=3):
    rng = np.random.default_rng(seed)
    samples = Samples.empty(blocks, 2, deep, count)
    samples.columns = rng.standard_normal(samples.columns.shape).astype(np.float32)
    samples.rest = rng.standard_normal(samples.rest.shape).astype(np.float32)
    samples.weight = rng.random(samples.weight.shape).astype(np.float32)
    for block in range(len(samples.who)):
        samples.who[block] = rng.permutation(count)[:deep]
    return samples


def dense(samples, noise, held):
    """The same posterior mean, every equation written out."""
    blocks, count = len(samples.who), samples.count
    fields = np.arange(count * 4 * blocks).reshape(count, 4, blocks)
    numbers = fields.size + np.arange(count * 7).reshape(count, 7)
    size = fields.size + numbers.size
    left, right = np.zeros((size, size)), np.zeros(size)
    for b in range(blocks):
        for c in range(3):
            for s in range(samples.columns.shape[2]):
                row = np.zeros(size)
                for m, who in enumerate(samples.who[b]):
                    if who == count:
                        continue
                    places = [fields[who, 0, b], fields[who, 1 + c, b], *numbers[who, [0, 1 + c, 4 + c]]]
                    row[places] += samples.columns[b, c, s, :, m]
                weight = samples.weight[b, s] / noise[b]
                left += weight * np.outer(row, row)
                right += weight * row * samples.rest[b, c, s]
    prior = np.zeros((size, size))
    prior[numbers, numbers] = 1
    prior[fields, fields] = normal.REST
    grid = np.arange(blocks).reshape(samples.blocks)
    pairs = [*zip(grid[1:].ravel(), grid[:-1].ravel(), strict=True)]
    pairs += zip(grid[:, 1:].ravel(), grid[:, :-1].ravel(), strict=True)
    for at in fields.reshape(-1, blocks):
        for a, b in pairs:
            prior[at[[a, b]], at[[a, b]]] += normal.STIFF
            prior[at[[a, b]], at[[b, a]]] -= normal.STIFF
    right -= prior @ np.concatenate([held.fields[:-1].ravel(), held.numbers[:-1].ravel()])
    return np.linalg.solve(left + prior, right), fields, numbers


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("before", [0.0, 0.3])
def test_the_solver_finds_the_posterior_mean(before, ordered):
    samples, rng = equations(deep=3 if ordered else 2), np.random.default_rng(9)
    if ordered:  # every layer in its own place, one block asking about two of them only
        samples.who[:] = (0, 1, 2)
        samples.who[5, 1], samples.columns[5, ..., 1] = 3, 0
    assert samples.ordered == ordered
    held = Unknowns.none(3, 12)
    held.fields[:-1] = before * rng.standard_normal(held.fields[:-1].shape)
    held.numbers[:-1] = before * rng.standard_normal(held.numbers[:-1].shape)
    noise = np.full(len(samples.who), 4.0, np.float32)
    wanted, fields, numbers = dense(samples, noise, held)
    x = solve(samples, noise, held)
    assert np.abs(x.fields[:-1] - wanted[fields]).max() < 0.01 * np.abs(wanted).max()
    assert np.abs(x.numbers[:-1] - wanted[numbers]).max() < 0.01 * np.abs(wanted).max()


def test_what_is_left_over_is_less_than_what_there_was():
    samples = equations()
    nothing = Unknowns.none(3, 12)
    assert (left_over(samples, nothing) == samples.rest).all()
    solved = solve(samples, np.full(12, 0.1, np.float32), nothing)
    weight = samples.weight[:, None]
    assert (weight * left_over(samples, solved) ** 2).sum() < 0.8 * (weight * samples.rest**2).sum()
