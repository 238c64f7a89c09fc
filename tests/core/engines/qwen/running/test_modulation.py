"""Tables instead of a third of the transformer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from diffusers.pipelines.qwenimage.pipeline_qwenimage_layered import calculate_dimensions  # noqa: E402

from layerlift.engines.qwen.running import modulation, schedule, transformer  # noqa: E402
from layerlift.engines.qwen.running import running as running_module  # noqa: E402
from layerlift.engines.qwen.running.modulation import FromShards, Moment, Table  # noqa: E402
from layerlift.engines.qwen.running.shards import Shards  # noqa: E402
from layerlift.errors import Cancelled  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import Loaded, by_us, draw  # noqa: E402

CPU = torch.device("cpu")


def table_of(running: Any) -> Table:
    table = running._loaded.denoiser._table
    assert table is not None
    return table


@pytest.mark.parametrize("family", ["layered", "edit", "image"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_rows_are_what_the_layers_say(family: str, dtype: str, loaded: Loaded) -> None:
    whole = loaded(family, tabulate=False, dtype=dtype).transformer
    running = loaded(family, dtype=dtype)
    zero = family == "edit"
    moment = Moment(0.5, 0 if family == "layered" else None, zero)
    kind = getattr(torch, dtype)
    times = torch.tensor([0.5, 0.0] if zero else [0.5], dtype=kind)
    flag = torch.zeros(1, dtype=torch.long) if family == "layered" else None
    with torch.no_grad():
        temb = whole.time_text_embed(times, torch.zeros(1, dtype=kind), flag)
        rows = table_of(running).row(moment, temb, lambda _again: [], lambda: None)
        for block, row in zip(whole.transformer_blocks, rows, strict=True):
            img, txt = row.chunk(2, dim=-1)
            assert torch.equal(img, block.img_mod(temb))
            assert torch.equal(txt[:1], block.txt_mod(temb[:1]))


def test_the_layers_are_not_in_memory(loaded: Loaded) -> None:
    names = [name for name, _ in loaded("layered").transformer.named_parameters()]
    assert not any("_mod" in name for name in names)
    assert any("img_mlp" in name for name in names)


def test_the_full_size_model_keeps_fewer_than_14_billion_parameters(tmp_path: Path) -> None:
    """The released transformer_config.json differs from the class's defaults in the two flags only."""
    config = {"_class_name": "QwenImageTransformer2DModel", "use_layer3d_rope": True, "use_additional_t_cond": True}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    whole = transformer.skeleton(tmp_path, tabulate=False)
    assert all(parameter.is_meta for parameter in whole.parameters())
    assert transformer.parameters(whole) == pytest.approx(20.43e9, rel=1e-3)
    kept = transformer.parameters(transformer.skeleton(tmp_path, tabulate=True))
    assert kept <= 14e9
    assert kept == pytest.approx(13.64e9, rel=1e-2)


def test_one_schedule_is_one_reading_of_the_layers(loaded: Loaded) -> None:
    running = loaded("layered")
    by_us(running, steps=5)
    table = table_of(running)
    assert (table.built, len(table)) == (1, 5)
    by_us(running, steps=5)
    assert table.built == 1, "the same schedule again"
    by_us(running, steps=3)
    assert table.built == 2, "another one"


def test_making_rows_is_told_and_is_no_step(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch on the steps must not take the reading of files for one."""
    begun: list[str] = []
    heard: list[str] = []

    class Watch:
        def __init__(self, _expected: float | None) -> None:
            pass

        def begin(self) -> None:
            begun.append("pass")

        def check(self) -> None:
            pass

    monkeypatch.setattr(running_module, "Pace", Watch)
    monkeypatch.setattr(running_module, "PATIENCE", -1.0)
    running = loaded("layered")
    monkeypatch.setattr(running, "wake", lambda: None)
    running._loaded.placing.device = torch.device("meta")  # anything but the processor, which is not watched
    embeds = torch.zeros(1, 5, 32)

    def call(pipeline: Any) -> None:
        pipeline(**draw("layered", steps=3), prompt="x", prompt_embeds=embeds, prompt_embeds_mask=torch.ones(1, 5))

    running.run(call, Progress(lambda report: heard.append(report.stage)))
    assert len(begun) == 3
    assert set(heard) == {"Preparing the steps"}
    running._loaded.placing.device = CPU


def test_another_schedule_reads_only_the_layers(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    running = loaded("layered")
    by_us(running, steps=3)
    names: list[str] = []
    read = Shards.read
    monkeypatch.setattr(Shards, "read", lambda self, name: names.append(name) or read(self, name))
    by_us(running, steps=4)
    assert names
    assert all(".img_mod." in name or ".txt_mod." in name for name in names)


def test_steps_that_two_schedules_share_are_made_once(loaded: Loaded) -> None:
    running = loaded("image")
    by_us(running, steps=2)
    table = table_of(running)
    first = {id(row) for row in table._rows.values()}
    by_us(running, steps=4)  # begins with the same moment: pure noise
    assert len(first & {id(row) for row in table._rows.values()}) == 2
    assert len(table) < 2 + 4


SCHEDULERS = {
    "linear": {"shift_terminal": False, "time_shift_type": "linear"},
    "exponential": {"shift_terminal": 0.02, "time_shift_type": "exponential"},
}


@pytest.mark.parametrize("kind", list(SCHEDULERS))
@pytest.mark.parametrize("resolution", [640, 1024])
@pytest.mark.parametrize("steps", [50, 30])
def test_pictures_of_every_shape_find_their_steps(kind: str, resolution: int, steps: int) -> None:
    """By the pipelines' own functions, at the released scheduler's settings."""
    from diffusers import FlowMatchEulerDiscreteScheduler
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as edit

    shared = {"max_shift": 0.9, "max_image_seq_len": 8192, "use_dynamic_shifting": True}
    scheduler = FlowMatchEulerDiscreteScheduler(**shared, **SCHEDULERS[kind])

    def asked(ratio: float) -> set[float]:
        width, height = calculate_dimensions(resolution * resolution, ratio)
        tokens = width * height // 256
        if kind == "linear":
            sigmas, mu = np.linspace(1.0, 0, steps + 1)[:-1], (tokens / 256) ** 0.5
        else:
            sigmas, mu = np.linspace(1.0, 1 / steps, steps), edit.calculate_shift(tokens, 256, 8192, 0.5, 0.9)
        scheduler.set_timesteps(sigmas=sigmas, mu=mu)
        return rounded(scheduler.timesteps)

    def rounded(times: Any) -> set[float]:
        return {float((t.bfloat16() / 1000).bfloat16()) for t in times}

    asked(1.0)
    known = rounded(schedule.alike(scheduler, resolution * resolution // 256))
    assert len(scheduler.timesteps) == steps
    wanted = set().union(*(asked(ratio) for ratio in np.geomspace(1 / 5, 5, 60)))
    assert wanted <= known
    assert len(known) < 7 * steps, "few enough to keep"


def test_the_second_shape_pays_for_all_others(loaded: Loaded) -> None:
    running = loaded("layered", dtype="bfloat16")
    scheduler, built = running.pipeline.scheduler, []
    for height, width in ((20, 24), (24, 20), (22, 22), (18, 26), (16, 30)):
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 0, 7)[:-1], mu=(height * width / 256) ** 0.5)
        for time in scheduler.timesteps:
            with torch.no_grad():
                running.transformer(
                    hidden_states=torch.zeros(1, 2 * height * width, 64, dtype=torch.bfloat16),
                    encoder_hidden_states=torch.zeros(1, 5, 32, dtype=torch.bfloat16),
                    timestep=time.expand(1).bfloat16() / 1000,
                    img_shapes=[[(1, height, width)] * 2],
                    additional_t_cond=torch.zeros(1, dtype=torch.long),
                )
        built.append(table_of(running).built)
    # the second has as many tokens as the first; the third asks for another schedule, and those after it find theirs
    assert built == [1, 1, 2, 2, 2]


def test_it_does_not_grow_without_end(loaded: Loaded) -> None:
    running = loaded("image")
    table = table_of(running)
    by_us(running, steps=4)
    table._most = 4 * next(iter(table._rows.values())).nbytes
    expected = by_us(running, steps=7)
    assert len(table) <= 7, "rows of the job are kept, whatever they take; others go"
    by_us(running, steps=3)
    assert len(table) <= 4
    assert np.array_equal(by_us(running, steps=7), expected)


def test_cancelling_while_rows_are_made_leaves_nothing(loaded: Loaded) -> None:
    running = loaded("layered")
    progress = Progress()
    expected = by_us(loaded("layered"), steps=3)
    block = FromShards.block

    def cancelling(self: Any, index: int) -> Any:
        progress.cancel()
        return block(self, index)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FromShards, "block", cancelling)
        with pytest.raises(Cancelled):
            by_us(running, steps=3, progress=progress)
    assert len(table_of(running)) == 0
    assert np.array_equal(by_us(running, steps=3), expected)


def test_parked_layers_say_the_same(loaded: Loaded) -> None:
    """For weights that no file gives by halves: GGUF, NF4."""
    expected = by_us(loaded("edit"))
    running = loaded("edit", tabulate=False)
    denoiser = running._loaded.denoiser
    from layerlift.engines.qwen.running import parts

    denoiser._table = parts._table(running.transformer, transformer.park(running.transformer, CPU))
    assert isinstance(running.transformer.transformer_blocks[0].img_mod, modulation.Pick)
    assert np.array_equal(by_us(running), expected)
