"""One pass through the transformer, block by block, in our own hands.

Law: the arithmetic of diffusers' QwenImageTransformer2DModel.forward (0.42.1), with the same layers in the same order;
what is added stands between the blocks: modulations from a table, weights that come and go, a pause in which a job may
be cancelled or found too slow, the first-block cache. Knows no pipeline: it learns from the calls that come.

Guidance costs two passes per step whose weights are the same. Where weights stay on the device, nothing is cheaper
than one pass after the other without any padding (at thousands of tokens a batch of two gains nothing and would need
a mask). Where weights come and go, both passes go through each block while it is there (`lockstep`): bit for bit the
same, and every weight crosses the bus once per step instead of twice. See docs/adr/0008-modulation-tables.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from layerlift.engines.qwen.running.attention import Rotation
from layerlift.engines.qwen.running.modulation import Moment, Table
from layerlift.engines.qwen.running.skipping import FirstBlockCache

PREPARING = -1
"""The block that `pause` is told while the modulation table is made, before a pass."""


class Blocks(Protocol):
    """Where the blocks' weights are while they are needed."""

    def at(self, index: int) -> AbstractContextManager[Any]:
        """Block `index`, on the device inside the context."""
        ...


class Resident:
    """All blocks, always on the device."""

    def __init__(self, transformer: Any):
        self._blocks = transformer.transformer_blocks

    def at(self, index: int) -> AbstractContextManager[Any]:
        """See Blocks."""
        return nullcontext(self._blocks[index])


@dataclass
class Call:
    """What the pipeline passes to the transformer, as far as this family uses it."""

    hidden: torch.Tensor
    text: torch.Tensor
    mask: torch.Tensor | None
    time: torch.Tensor
    shapes: Any
    flag: torch.Tensor | None

    def partner(self, text: torch.Tensor, mask: torch.Tensor | None) -> Call:
        """The same step with other words."""
        return Call(self.hidden, text, mask, self.time, self.shapes, self.flag)


@dataclass
class Pass:
    """One call on its way through the blocks."""

    name: int
    hidden: torch.Tensor
    text: torch.Tensor
    mask: torch.Tensor | None
    temb: torch.Tensor
    rows: Any
    rotations: Any
    which: torch.Tensor | None
    first: torch.Tensor | None = None
    after_first: torch.Tensor | None = None
    done: bool = False


class Denoiser:
    """Stands in for `transformer.forward` until `remove`.

    `table` (None: the blocks make their own modulations), `blocks` (None: resident), `lockstep`: see above. `coming`
    tells which timesteps (0–1000) the job will ask for, given its picture's tokens, and, if the table is built again,
    those of pictures like it; `ready` is called before each pass and sees to it that the weights are where they are
    needed; `pause` is called between blocks with (block or PREPARING, of how many) and may raise; `cache`: the
    first-block cache of the running job or None. Batch 1.
    """

    def __init__(
        self,
        transformer: Any,
        *,
        table: Table | None = None,
        blocks: Blocks | None = None,
        lockstep: bool = False,
        coming: Callable[[int, bool], Iterable[torch.Tensor]] = lambda _tokens, _again: (),
        ready: Callable[[], None] = lambda: None,
    ):
        self._model = transformer
        self._table, self._blocks, self._lockstep = table, blocks or Resident(transformer), lockstep
        self._coming, self._ready_to_run = coming, ready
        self.pause: Callable[[int, int], None] = _go_on
        self.cache: FirstBlockCache | None = None
        self._step: list[Call] = []
        self._pattern: list[Call] = []
        self._ready: list[tuple[Call, torch.Tensor]] = []
        transformer.forward = self.forward

    def remove(self) -> None:
        """Give the transformer its own forward back."""
        self.reset()
        del self._model.forward

    def reset(self) -> None:
        """Forget the job: after its end, however it ended."""
        self.pause, self.cache = _go_on, None
        self._step, self._pattern, self._ready = [], [], []

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_mask: torch.Tensor | None = None,
        timestep: torch.Tensor | None = None,
        img_shapes: Any = None,
        guidance: torch.Tensor | None = None,
        attention_kwargs: dict[str, Any] | None = None,
        additional_t_cond: torch.Tensor | None = None,
        return_dict: bool = True,
    ) -> Any:
        """QwenImageTransformer2DModel.forward, for what the family's pipelines pass."""
        assert guidance is None, "no model of the family is guidance-distilled"
        assert timestep is not None
        self._ready_to_run()
        call = Call(
            hidden_states, encoder_hidden_states, encoder_hidden_states_mask, timestep, img_shapes, additional_t_cond
        )
        output = self._answer(call)
        return Transformer2DModelOutput(sample=output) if return_dict else (output,)

    def _answer(self, call: Call) -> torch.Tensor:
        begins = not self._step or self._step[0].hidden is not call.hidden
        if begins:
            self._pattern, self._step, self._ready = self._step, [], []
        self._step.append(call)
        for ready, output in self._ready:
            if ready.text is call.text:
                return output
        calls = [call, *self._foreseen(call)] if begins else [call]
        outputs = self._through(calls, begins)
        self._ready = list(zip(calls, outputs, strict=True))[1:]
        return outputs[0]

    def _foreseen(self, call: Call) -> list[Call]:
        """The passes that will follow `call` in its step, judged by the step before."""
        if not self._lockstep or not self._pattern or self._pattern[0].text is not call.text:
            return []
        return [call.partner(other.text, other.mask) for other in self._pattern[1:]]

    def _through(self, calls: list[Call], begins: bool) -> list[torch.Tensor]:
        passes = [self._enter(call) for call in calls]
        count = len(self._model.transformer_blocks)
        for index in range(count):
            under_way = [one for one in passes if not one.done]
            if not under_way:
                break
            self.pause(index, count)
            with self._blocks.at(index) as block:
                for one in under_way:
                    before = one.hidden
                    _through_block(block, index, one)
                    if index == 0 and self.cache is not None:
                        one.first, one.after_first = one.hidden - before, one.hidden
            if index == 0 and self.cache is not None:
                _skip(self.cache, passes, begins)
        return [self._leave(one) for one in passes]

    def _enter(self, call: Call) -> Pass:
        model = self._model
        hidden = model.img_in(call.hidden)
        time = call.time.to(hidden.dtype)
        zero = bool(model.config.zero_cond_t)
        text, mask = _trim(call.text, call.mask)
        text = model.txt_in(model.txt_norm(text))
        turns = model.pos_embed(call.shapes, max_txt_seq_len=text.shape[1], device=hidden.device)
        temb = model.time_text_embed(torch.cat((time, time * 0)) if zero else time, hidden, call.flag)
        return Pass(
            name=id(call.text),
            hidden=hidden,
            text=text,
            mask=mask,
            temb=temb.chunk(2)[0] if zero else temb,
            rows=self._rows(call, time, temb),
            rotations=tuple((one.cos, one.sin) for one in map(Rotation, turns)),
            which=_conditions(call.shapes, hidden.device) if zero else None,
        )

    def _rows(self, call: Call, time: torch.Tensor, temb: torch.Tensor) -> Any:
        """What each block takes as `temb`."""
        if self._table is None:
            return [temb] * len(self._model.transformer_blocks)
        zero = bool(self._model.config.zero_cond_t)
        flag = None if call.flag is None else int(call.flag[0])

        def moment(value: torch.Tensor) -> Moment:
            return Moment(float(value), flag, zero)

        def schedule(again: bool) -> list[Moment]:
            # as the pipelines do it: to the latents' dtype, then to 0–1, then to the transformer's dtype
            steps = self._coming(prod(call.shapes[0][0]), again)
            return [moment((t.to(call.time.dtype) / 1000).to(time.dtype)) for t in steps]

        return self._table.row(moment(time[0]), temb, schedule, lambda: self.pause(PREPARING, 0))

    def _leave(self, one: Pass) -> torch.Tensor:
        if self.cache is not None and one.first is not None and one.after_first is not None and not one.done:
            self.cache.remember(one.name, one.first, one.hidden - one.after_first)
        return self._model.proj_out(self._model.norm_out(one.hidden, one.temb))


def _go_on(_block: int, _count: int) -> None:
    """Nobody wants to stop."""


def _through_block(block: Any, index: int, one: Pass) -> None:
    one.text, one.hidden = block(
        hidden_states=one.hidden,
        encoder_hidden_states=one.text,
        encoder_hidden_states_mask=one.mask,
        temb=one.rows[index],
        image_rotary_emb=one.rotations,
        joint_attention_kwargs=None,
        modulate_index=one.which,
    )


def _skip(cache: FirstBlockCache, passes: list[Pass], begins: bool) -> None:
    """All passes have been through their first block: take the rest from memory where the step allows it."""
    if begins and passes[0].first is not None:
        cache.begin_step(passes[0].name, passes[0].first)
    for one in passes:
        rest = cache.remembered(one.name)
        if rest is not None:
            one.hidden, one.done = one.hidden + rest, True


def _trim(text: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Words without what pads them. Padding at the end is looked at by nobody, so leaving it out changes nothing."""
    if mask is None or len(mask) != 1:
        return text, mask
    length = int(mask.sum())
    if bool(mask[0, :length].all()):
        return text[:, :length], None
    return text, mask.bool()


def _conditions(shapes: Any, device: torch.device) -> torch.Tensor:
    """(batch, tokens) int: 0 for tokens of the picture that is drawn, 1 for those that are only looked at."""
    drawn, seen = prod(shapes[0][0]), sum(prod(shape) for shape in shapes[0][1:])
    one = torch.cat((torch.zeros(drawn, dtype=torch.int), torch.ones(seen, dtype=torch.int)))
    return one.expand(len(shapes), -1).to(device)
