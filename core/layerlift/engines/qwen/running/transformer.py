"""The transformer, built without weights and filled tensor by tensor in the form that the plan asks for.

Law: knows checkpoints and layers; knows no pipeline. What a plan leaves out is never read: the layers that make
modulations stay on the disk when they are tabulated, and 8-bit weights are made as each tensor arrives, so that the
device never holds more than it will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import QwenImageTransformer2DModel
from torch import nn

from layerlift.engines.qwen.running import modulation
from layerlift.engines.qwen.running.encoder import need
from layerlift.engines.qwen.running.modulation import LAYERS, FromShards, Parked, Source
from layerlift.engines.qwen.running.narrow import Form, NarrowLinear
from layerlift.engines.qwen.running.shards import REMEDY, Shards
from layerlift.errors import EngineError, EngineUnavailable
from layerlift.progress import Progress


def skeleton(config: Path, *, tabulate: bool) -> Any:
    """The transformer described in the folder `config`, on the meta device (no memory), without the layers that make
    modulations if they are tabulated."""
    with init_empty_weights():
        model = QwenImageTransformer2DModel.from_config(
            QwenImageTransformer2DModel.load_config(config, local_files_only=True)
        )
    if tabulate:
        modulation.drop(model)
    return model.eval().requires_grad_(False)


def parameters(model: nn.Module) -> int:
    """How many numbers it holds."""
    return sum(parameter.numel() for parameter in model.parameters())


def from_shards(
    where: Path,
    config: Path,
    form: Form | None,
    dtype: torch.dtype,
    home: torch.device,
    device: torch.device,
    tabulate: bool,
    progress: Progress,
) -> tuple[Any, Source | None]:
    """From safetensors at `where` (folder or file): in `dtype`, or with the blocks' linear layers in one byte (`form`).
    Answers the model and, if tabulated, where its modulations come from."""
    shards = Shards(where)
    model = skeleton(config, tabulate=tabulate)
    wanted = [name for name, _ in model.named_parameters()]
    for count, name in enumerate(wanted, 1):
        progress.check()
        layer = _put(model, name, shards.read(name))
        if form is not None and _whole(layer) and _in_blocks(name, layer):
            # made on the device, which is quick at it, even if it does not stay there
            narrowed = NarrowLinear(layer.weight.to(device), _moved(layer.bias, device), form, dtype)
            _replace(model, name, narrowed.to(home))
        elif form is None or not _in_blocks(name, layer):
            leaf = name.rpartition(".")[2]
            # a copy, not the mapped file: so that it is read now, where it is reported and can be cancelled
            value = layer._parameters[leaf].data.to(home, dtype, copy=True)
            layer._parameters[leaf] = nn.Parameter(value, requires_grad=False)
        progress.advance(count / len(wanted))
    _complete(model)
    return model, FromShards(shards, device, dtype) if tabulate else None


def from_gguf(
    file: Path,
    config: Path,
    dtype: torch.dtype,
    home: torch.device,
    device: torch.device,
    tabulate: bool,
    progress: Progress,
) -> tuple[Any, Source | None]:
    """From a GGUF file: layers that are quantised there stay so (diffusers' GGUFLinear), the rest is in `dtype`."""
    need("gguf", "GGUF weights")
    model = skeleton(config, tabulate=False)
    tensors = list(_gguf(file))
    for count, (name, read) in enumerate(tensors, 1):
        progress.check()
        # those that make modulations wait in main memory: they are used once per schedule
        spot = torch.device("cpu") if tabulate and any(f".{layer}." in name for layer in LAYERS) else home
        _put_gguf(model, name, read(), spot, dtype)
        progress.advance(count / len(tensors))
    _complete(model)
    return model, park(model, device) if tabulate else None


def from_nf4(
    where: Path, dtype: torch.dtype, home: torch.device, device: torch.device, tabulate: bool
) -> tuple[Any, Source | None]:
    """From a folder that bitsandbytes has quantised to 4 bits."""
    need("bitsandbytes", "4-bit (NF4) weights")
    model = QwenImageTransformer2DModel.from_pretrained(
        where, dtype=dtype, device_map={"": home}, local_files_only=True
    )
    return model.eval().requires_grad_(False), park(model, device) if tabulate else None


def park(model: Any, device: torch.device) -> Source:
    """Take the layers that make modulations out of a loaded `model`."""
    source = Parked(model.transformer_blocks, device)
    modulation.drop(model)
    return source


def _in_blocks(name: str, layer: nn.Module) -> bool:
    return name.startswith("transformer_blocks.") and isinstance(layer, nn.Linear)


def _put(model: Any, name: str, tensor: torch.Tensor) -> Any:
    """Give the parameter `name` its value; answers its layer."""
    stem, _, leaf = name.rpartition(".")
    layer = model.get_submodule(stem)
    if layer._parameters[leaf].shape != tensor.shape:
        raise EngineUnavailable(f"{name} has the shape {tuple(tensor.shape)}, which this model's has not.", REMEDY)
    layer._parameters[leaf] = nn.Parameter(tensor, requires_grad=False)
    return layer


def _replace(model: Any, name: str, layer: nn.Module) -> None:
    """Put `layer` where the one is whose parameter is called `name`."""
    parent, _, own = name.rpartition(".")[0].rpartition(".")
    setattr(model.get_submodule(parent), own, layer)


def _whole(layer: nn.Module) -> bool:
    return not any(parameter.is_meta for parameter in layer.parameters())


def _moved(tensor: torch.Tensor | None, device: torch.device) -> torch.Tensor | None:
    return None if tensor is None else tensor.to(device)


def _complete(model: nn.Module) -> None:
    lacking = [name for name, parameter in model.named_parameters() if parameter.is_meta]
    if lacking:
        raise EngineUnavailable(f"The transformer's weights lack {lacking[0]}.", REMEDY)


def _gguf(file: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Names and what reads them: a GGUFParameter where quantised, else a tensor."""
    import gguf
    from diffusers.quantizers.gguf.utils import SUPPORTED_GGUF_QUANT_TYPES, GGUFParameter

    from layerlift.engines.qwen.running.shards import PREFIXES

    plain = (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16)
    try:
        reader = gguf.GGUFReader(file)
    except (ValueError, OSError) as problem:
        raise EngineUnavailable(f"{file.name} is not a GGUF file that can be read: {problem}.", REMEDY) from problem
    for tensor in reader.tensors:
        kind = tensor.tensor_type
        if kind not in plain and kind not in SUPPORTED_GGUF_QUANT_TYPES:
            raise EngineError(
                f"{file.name} is quantised as {kind.name}, which diffusers does not read.", "Choose another file."
            )

        def read(tensor: Any = tensor, kind: Any = kind) -> Any:
            values = torch.from_numpy(tensor.data.copy())
            return values if kind in plain else GGUFParameter(values, quant_type=kind)

        name = next((tensor.name[len(prefix) :] for prefix in PREFIXES if tensor.name.startswith(prefix)), tensor.name)
        yield name, read


def _put_gguf(model: Any, name: str, value: Any, device: torch.device, dtype: torch.dtype) -> None:
    from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter, dequantize_gguf_tensor

    stem, _, leaf = name.rpartition(".")
    try:
        layer = model.get_submodule(stem)
    except AttributeError:
        raise EngineUnavailable(f"The file holds {name}, which this model does not have.", REMEDY) from None
    if not isinstance(value, GGUFParameter):
        layer._parameters[leaf] = nn.Parameter(value.to(device, dtype), requires_grad=False)
    elif isinstance(layer, nn.Linear) and leaf == "weight":
        with torch.device("meta"):
            quantised = GGUFLinear(layer.in_features, layer.out_features, layer.bias is not None, compute_dtype=dtype)
        quantised.weight = value.to(device)
        quantised.bias = layer.bias
        _replace(model, name, quantised)
    else:
        layer._parameters[leaf] = nn.Parameter(dequantize_gguf_tensor(value).to(device, dtype), requires_grad=False)
