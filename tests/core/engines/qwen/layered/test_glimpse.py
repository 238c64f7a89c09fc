"""Latents looked at without painting them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="latents are torch's")

from layerlift.engines.port import DecomposeRequest, Sampling  # noqa: E402
from layerlift.engines.qwen import glimpse, layered  # noqa: E402
from layerlift.engines.qwen.asking import Memory  # noqa: E402
from layerlift.engines.qwen.job import see, settle  # noqa: E402
from layerlift.engines.qwen.words import Habits, Reader  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import picture  # noqa: E402


class Linear(torch.nn.Module):
    """A VAE as one would wish for: every latent is a mixture of the mean colour of its 8×8 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mixture = torch.nn.Parameter(torch.randn(16, channels, generator=torch.Generator().manual_seed(3)))
        self.config = SimpleNamespace(input_channels=channels, latents_mean=[0.5] * 16, latents_std=[2.0] * 16)

    def encode(self, pixels: Any) -> Any:
        small = torch.nn.functional.avg_pool2d(pixels[:, :, 0], 8)
        latents = torch.einsum("zc,bchw->bzhw", self.mixture, small)[:, :, None]
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))

    def packed(self, pictures: Any) -> Any:
        """Normalised latents of (frames, channels, h, w) pictures 0–1, as pipelines pack them."""
        latents = (self.encode(pictures[:, :, None] * 2 - 1).latent_dist.mode()[:, :, 0] - 0.5) / 2.0
        frames, z, rows, columns = latents.shape
        tokens = latents.reshape(frames, z, rows // 2, 2, columns // 2, 2).permute(0, 2, 4, 1, 3, 5)
        return tokens.reshape(1, -1, z * 4).detach()


def test_tokens_go_back_to_their_places(running: Any) -> None:
    pipeline = running.pipeline
    latents = torch.arange(3 * 16 * 8 * 12.0).view(1, 3, 16, 8, 12)
    tokens = pipeline._pack_latents(latents, 1, 16, 8, 12, 3)
    assert torch.equal(glimpse.unpack(tokens, 96, 64, 3), latents[0])


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_those_that_were_encoded(channels: int) -> None:
    vae = Linear(channels)
    pictures = torch.rand(2, channels, 1, 1, generator=torch.Generator().manual_seed(1)).expand(-1, -1, 64, 96)
    seen = glimpse.look(vae, vae.packed(pictures), 96, 64, 2)
    for one, shown in zip(pictures, seen, strict=True):
        assert shown.shape == (213, 320, 4)
        wanted = np.rint(one[:, 0, 0].numpy() * 255)
        assert np.abs(shown[100, 100, :channels] - wanted).max() <= 1
        assert channels == 4 or (shown[..., 3] == 255).all()


def test_the_map_is_learnt_once(running: Any) -> None:
    vae = running.pipeline.vae
    assert glimpse.learn(vae) is glimpse.learn(vae)
    assert glimpse.learn(vae).shape == (17, 4)


def test_frame_0_is_painted_as_the_pipeline_paints_the_others(running: Any) -> None:
    last: list[Any] = []
    with running.encoder(Progress()) as pipeline:
        embeds, _ = pipeline.encode_prompt(prompt="a cat")
    painted = running.run(
        lambda pipeline: pipeline(
            image=Image.fromarray(picture(64, 64)),
            prompt="x",
            prompt_embeds=embeds,
            prompt_embeds_mask=torch.ones(embeds.shape[:2]),
            layers=2,
            num_inference_steps=2,
            true_cfg_scale=1.0,
            generator=torch.Generator().manual_seed(1),
            callback_on_step_end=lambda _pipeline, _step, _time, tensors: last.append(tensors["latents"]) or tensors,
            output_type="np",
        ).images[0],
        Progress(),
    )
    without_first = last[-1][:, 16:]
    layer = layered._frame(running.pipeline, without_first, 64, 64, 2)
    assert np.allclose(layer, painted[0], atol=1e-5)


def test_the_copy_is_not_one_of_the_layers(running: Any) -> None:
    request = DecomposeRequest(picture(64, 64), 2, sampling=Sampling(steps=2))
    reader = Reader(running, Memory(), "test")
    job = settle(running, request, see(request), reader, Habits(False, False), Progress())
    answer = running.run(lambda pipeline: layered.draw(running, pipeline, job, Progress()), Progress())
    assert len(answer.layers) == 2
    assert all(not np.array_equal(answer.frame, layer) for layer in answer.layers)
