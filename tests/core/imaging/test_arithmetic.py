import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerlift.imaging.arithmetic import Arithmetic, composite
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role

HOSTS: tuple[Arithmetic, ...] = ("float", "krita", "gimp", "photoshop")


def layer(pixels, x=0, y=0, **more):
    return Layer("l", Role.GRAPHIC, Bounds(x, y, pixels.shape[1], pixels.shape[0]), pixels, **more)


def plain(extent, rgba, dtype=np.uint8):
    return np.full((extent.height, extent.width, 4), rgba, dtype)


def reference(stack):
    """Premultiplied over in float64, pixel by pixel over the whole canvas, written as in the paper."""
    scale = 255 if stack.depth == 8 else 65535
    state = np.zeros((stack.extent.height, stack.extent.width, 4))
    for one in stack.layers:
        top = one.on(stack.extent).astype(np.float64) / scale
        top[..., 3] *= one.opacity
        top[..., :3] *= top[..., 3:]
        state = top + (1 - top[..., 3:]) * state
    alpha = np.rint(state[..., 3:] * scale)
    colour = np.divide(state[..., :3], state[..., 3:], out=np.zeros_like(state[..., :3]), where=state[..., 3:] > 0)
    return np.concatenate([np.rint(colour * scale) * (alpha > 0), alpha], -1)


@st.composite
def stacks(draw):
    extent = Extent(draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    scale = 255 if dtype == np.uint8 else 65535
    layers = []
    for _ in range(draw(st.integers(0, 5))):
        h, w = rng.integers(1, 41, 2)
        pixels = rng.integers(0, scale + 1, (h, w, 4)).astype(dtype)
        kind = rng.integers(0, 3, (h, w))
        pixels[..., 3] = np.where(kind == 0, 0, np.where(kind == 1, scale, pixels[..., 3]))
        x, y = (int(v) for v in rng.integers(-10, 30, 2))
        layers.append(layer(pixels, x, y, opacity=float(rng.choice([0.0, 0.4, 1.0, 1.0]))))
    return LayerStack(extent, tuple(layers))


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_float_is_porter_duff(stack):
    ours, theirs = composite(stack).astype(np.float64), reference(stack)
    assert np.abs(ours[..., 3] - theirs[..., 3]).max() <= 1
    weight = theirs[..., 3:] / (255 if stack.depth == 8 else 65535)
    assert (np.abs(ours - theirs)[..., :3] * weight).max() <= 1


@settings(max_examples=60, deadline=None)
@given(stacks(), st.sampled_from(HOSTS))
def test_every_host_stays_near_the_exact_result(stack, host):
    scale = 255 if stack.depth == 8 else 65535
    tolerance = (len(stack.layers) + 2) * (1 if scale == 255 else 4)
    ours, theirs = composite(stack, host).astype(np.float64), reference(stack)
    assert np.abs(ours[..., 3] - theirs[..., 3]).max() <= tolerance
    weight = theirs[..., 3:] / scale
    assert (np.abs(ours - theirs)[..., :3] * weight).max() <= tolerance


@pytest.mark.parametrize("host", HOSTS)
def test_a_single_layer_is_itself_and_colour_without_alpha_is_dropped(host):
    pixels = np.random.default_rng(1).integers(0, 256, (37, 23, 4)).astype(np.uint8)
    pixels[:5, :, 3] = 0
    out = composite(LayerStack(Extent(23, 37), (layer(pixels),)), host)
    assert (out[:5] == 0).all()
    error = np.abs(out[5:].astype(int) - pixels[5:])
    assert (error[..., 3] == 0).all()
    # 15 bits hold a straight byte without loss, premultiplied float32 too.
    assert error[pixels[5:, :, 3] > 0].max() == 0


def test_krita_rounds_after_every_layer():
    # 10 over 0 at 12/255: 0.47 rounds to 0 twice in Krita, while floats add up to 0.92, which rounds to 1.
    extent = Extent(3, 2)
    ink = plain(extent, (10, 10, 10, 12))
    stack = LayerStack(extent, (layer(plain(extent, (0, 0, 0, 255))), layer(ink), layer(ink)))
    assert (composite(stack, "krita")[..., :3] == 0).all()
    assert (composite(stack, "float")[..., :3] == 1).all()
    assert (composite(stack, "gimp")[..., :3] == 1).all()


def test_photoshop_keeps_fifteen_bits():
    extent = Extent(2, 2)
    stack = LayerStack(extent, (layer(plain(extent, (1, 3, 32768, 65535), np.uint16)),))
    out = composite(stack, "photoshop")
    # 1/65535 is just over half a 15-bit step, 3/65535 just over one and a half: both become even numbers.
    assert out[0, 0].tolist() == [2, 4, 32768, 65535]


def test_opacity_is_a_byte_in_krita_and_photoshop():
    extent = Extent(1, 1)
    stack = LayerStack(
        extent,
        (layer(plain(extent, (0, 0, 0, 65535), np.uint16)), layer(plain(extent, [65535] * 4, np.uint16), opacity=0.5)),
    )
    assert composite(stack, "gimp")[0, 0, 0] == 32768
    assert composite(stack, "krita")[0, 0, 0] == round(128 / 255 * 65535)


def test_blend_modes_are_refused():
    extent = Extent(1, 1)
    with pytest.raises(ValueError, match="multiply"):
        composite(LayerStack(extent, (layer(plain(extent, (0, 0, 0, 255)), blend_mode="multiply"),)))


def test_no_layers_and_no_canvas():
    assert composite(LayerStack(Extent(4, 3), ())).shape == (3, 4, 4)
    assert composite(LayerStack(Extent(0, 3), ())).shape == (3, 0, 4)


def test_strips_do_not_show():
    rng = np.random.default_rng(0)
    extent = Extent(2000, 300)
    pixels = rng.integers(0, 256, (300, 2000, 4)).astype(np.uint8)
    stack = LayerStack(extent, (layer(plain(extent, (9, 99, 199, 255))), layer(pixels)))
    expected = reference(stack)
    assert np.abs(composite(stack).astype(np.float64) - expected).max() <= 1


def test_transposed_pixels_are_read_rightly():
    pixels = np.random.default_rng(2).integers(0, 256, (9, 5, 4)).astype(np.uint8)
    turned = pixels.transpose(1, 0, 2)
    stack = LayerStack(Extent(9, 5), (layer(turned),))
    same = LayerStack(Extent(9, 5), (layer(np.ascontiguousarray(turned)),))
    assert (composite(stack) == composite(same)).all()


def test_a_solid_layer_hides_what_lies_below_it_exactly():
    extent = Extent(150, 100)
    photo = np.random.default_rng(1).integers(0, 256, (100, 150, 4)).astype(np.uint8)
    photo[..., 3] = 255
    below = plain(extent, (10, 20, 30, 255))
    stack = LayerStack(extent, (layer(below), layer(photo), layer(below[:50, :50], 20, 20)))
    expected = photo.copy()
    expected[20:70, 20:70] = (10, 20, 30, 255)
    assert (composite(stack) == expected).all()
