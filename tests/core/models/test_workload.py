"""What passes hold in memory: the formulas against the real classes at full width, counted on the meta device."""

from __future__ import annotations

import pytest

from layerlift.models import sizes, workload

torch = pytest.importorskip("torch", reason="comes with layerlift[gpu]")
diffusers = pytest.importorskip("diffusers", reason="comes with layerlift[gpu]")

from models.live import Live  # noqa: E402

FRAMES = {"layered": 6, "edit": 2, "image": 1}
KIND = {
    "layered": {"use_additional_t_cond": True, "use_layer3d_rope": True},
    "edit": {"zero_cond_t": True},
    "image": {},
}


@pytest.mark.parametrize(
    ("family", "resolution", "layers"),
    [("layered", 640, 4), ("layered", 640, 8), ("layered", 1024, 4), ("edit", 1024, 4), ("image", 1024, 4)],
)
def test_a_pass_holds_no_more_than_predicted_and_not_much_less(
    family: str, resolution: int, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two blocks of full width: later blocks hold no more. Attention is a kernel that keeps no scores."""
    monkeypatch.setattr(
        torch.nn.functional, "scaled_dot_product_attention", lambda query, key, value, **rest: torch.empty_like(query)
    )
    frames = layers + 2 if family == "layered" else FRAMES[family]
    side = resolution // 16
    length = workload.tokens(family, resolution, layers)
    assert length == side * side * frames
    with torch.device("meta"), torch.no_grad():
        model = diffusers.QwenImageTransformer2DModel(num_layers=2, **KIND[family]).bfloat16().eval()
        flag = {"additional_t_cond": torch.zeros(1, dtype=torch.long)} if family == "layered" else {}
        with Live(model) as live:
            model(
                hidden_states=torch.empty(1, length, 64, dtype=torch.bfloat16),
                encoder_hidden_states=torch.empty(1, workload.TEXT_TOKENS, 3584, dtype=torch.bfloat16),
                encoder_hidden_states_mask=None,
                timestep=torch.empty(1, dtype=torch.bfloat16),
                img_shapes=[[(1, side, side)] * frames],
                return_dict=False,
                **flag,
            )
    predicted = workload.step_bytes(family, resolution, layers)
    assert 0.75 * predicted <= live.peak <= predicted


@pytest.mark.parametrize(("channels", "resolution"), [(3, 640), (4, 640), (4, 1024)])
def test_decoding_a_frame_holds_what_is_predicted(channels: int, resolution: int) -> None:
    with torch.device("meta"), torch.no_grad():
        vae = diffusers.AutoencoderKLQwenImage(input_channels=channels).bfloat16().eval()
        with Live(vae) as live:
            vae.decode(torch.empty(1, 16, 1, resolution // 8, resolution // 8, dtype=torch.bfloat16))
    predicted = workload.decode_bytes(resolution)
    assert 0.97 * predicted <= live.peak <= predicted


def test_all_frames_at_once_would_hold_as_many_times_as_much() -> None:
    """Why plans count on the VAE's slicing."""
    with torch.device("meta"), torch.no_grad():
        vae = diffusers.AutoencoderKLQwenImage(input_channels=4).bfloat16().eval()
        with Live(vae) as together:
            vae.decode(torch.empty(4, 16, 1, 40, 40, dtype=torch.bfloat16))
        vae.enable_slicing()
        with Live(vae) as sliced:
            vae.decode(torch.empty(4, 16, 1, 40, 40, dtype=torch.bfloat16))
    assert together.peak > 3 * sliced.peak


def test_operations_are_those_of_the_matrix_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by PyTorch's own counter on two blocks; the ends of the model and modulation are not in the formula."""
    from torch.utils.flop_counter import FlopCounterMode

    def attention(query, key, value, **rest):
        return torch.softmax(query @ key.transpose(-1, -2), -1) @ value

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attention)
    side = 40
    with torch.device("meta"), torch.no_grad():
        model = diffusers.QwenImageTransformer2DModel(num_layers=2, **KIND["layered"]).bfloat16().eval()
        blocks = FlopCounterMode(display=False)
        with blocks:
            model(
                hidden_states=torch.empty(1, side * side * 6, 64, dtype=torch.bfloat16),
                encoder_hidden_states=torch.empty(1, workload.TEXT_TOKENS, 3584, dtype=torch.bfloat16),
                encoder_hidden_states_mask=None,
                timestep=torch.empty(1, dtype=torch.bfloat16),
                img_shapes=[[(1, side, side)] * 6],
                additional_t_cond=torch.zeros(1, dtype=torch.long),
                return_dict=False,
            )
    counted = blocks.get_total_flops() * sizes.BLOCKS / 2 * workload.GUIDED
    assert workload.step_operations("layered", 640, 4) == pytest.approx(counted, rel=0.02)


def test_the_reported_orders_of_magnitude() -> None:
    """50 steps at 640 with 2, 4, 8 layers: 12, 21, 42 PFLOP in the facts that this project started from."""
    for layers, peta in ((2, 12), (4, 21), (8, 42)):
        total = workload.STEPS * workload.step_operations("layered", 640, layers) / 1e15
        assert total == pytest.approx(peta, rel=0.15)
