"""Regional compilation: one block is compiled, all sixty use it.

Law: knows torch.compile and when it is worth it. Where it does not work (no Triton, no C compiler), the same arithmetic
runs uncompiled.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from layerlift.models.plans import Plan


def worthwhile(plan: Plan) -> bool:
    """On NVIDIA and AMD cards with Triton, for blocks that stay and whose weights torch can see through."""
    compilable = plan.weights in ("bf16", "fp8", "int8")
    return plan.device.startswith("cuda") and plan.offload in ("none", "model") and compilable and _triton()


def _triton() -> bool:
    return find_spec("triton") is not None


def compile_blocks(transformer: Any, backend: str = "inductor") -> None:
    """Compile its blocks at their first use (each new kind of shape once), whole: a graph that breaks is an error."""
    transformer.compile_repeated_blocks(fullgraph=True, backend=backend)


def leave_uncompiled(transformer: Any) -> None:
    """Take it back."""
    for block in transformer.transformer_blocks:
        block._compiled_call_impl = None
    torch.compiler.reset()


def failed(problem: BaseException) -> bool:
    """Whether `problem` is the compiler's, not the job's."""
    from torch._dynamo.exc import TorchDynamoException

    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, TorchDynamoException) or type(seen).__module__.startswith(("torch._inductor", "triton")):
            return True
        seen = seen.__cause__
    return False
