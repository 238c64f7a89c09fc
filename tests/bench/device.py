"""Refinement on a device beside refinement in NumPy: seconds, and what a device would have to move.

    python -m tests.bench.refine speed --device cuda         # NumPy, then the card, warm; ends where there is none
    python -m tests.bench.refine speed --device cpu-torch    # the card's programme on the processor: a dry run

The dry run times nothing that a card would show. It counts: launches, bytes that they read and write (each input and
output of each operation once, of gathers only what is gathered), bytes up and down, and how often the host waits.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

from layerlift.imaging.layer import Document, LayerStack


def there(device: str) -> bool:
    """Whether anything can be measured; a line says why not."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        print("PyTorch is not installed here: nothing was measured.")
        return False
    if device != "cpu-torch" and not torch.cuda.is_available():
        print("No GPU here: nothing was measured. A dry run on the processor: --device cpu-torch.")
        return False
    return True


def compare(document: Document, rough: LayerStack, device: str, name: str, room: int) -> None:
    """Print one case. `room`: bytes that the card of the dry run would have."""
    torch: Any = importlib.import_module("torch")
    numpy = _timed(document, rough, None)
    if device == "cpu-torch":
        watched, traffic = _dry(document, rough, room)
        ours = f"torch on the processor {watched.total:.2f} s"
    else:
        _timed(document, rough, device)  # kernels are loaded, memory is reserved
        torch.cuda.reset_peak_memory_stats(device)
        watched, traffic = _timed(document, rough, device), ""
        top = torch.cuda.max_memory_allocated(device) / 1e6
        ours = f"{torch.cuda.get_device_name(device)} {watched.total:.3f} s, at most {top:.0f} MB of it"
    print(
        f"{name}: NumPy {numpy.total:.2f} s (cells {numpy.cells:.2f}), {ours} (cells {watched.cells:.2f}, "
        + ", ".join(f"{verb} {seconds:.3f}" for verb, seconds in watched.verbs.items())
        + f"), {numpy.total / watched.total:.1f} times as fast",
        flush=True,
    )
    if traffic:
        print(traffic, flush=True)


class Watched:
    """A processor, timed verb by verb; the rest of `total` is spent over the cells, in NumPy wherever pixels are."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.total = 0.0
        self.verbs = dict.fromkeys(("reduce", "moments", "expect", "paint", "close"), 0.0)

    @property
    def cells(self) -> float:
        """Seconds outside of the processor's verbs."""
        return self.total - sum(self.verbs.values())

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._processor, name)
        if name not in self.verbs:
            return found

        def timed(*words: Any) -> Any:
            begin = time.perf_counter()
            try:
                return found(*words)
            finally:
                self.verbs[name] += time.perf_counter() - begin

        return timed


def _timed(document: Document, rough: LayerStack, device: str | None, processor: Any = None) -> Watched:
    module: Any = importlib.import_module("layerlift.refine")
    rooms: Any = importlib.import_module("layerlift.refine.torches")
    port: Any = importlib.import_module("layerlift.refine.processor")
    begin = time.perf_counter()
    watched = Watched(processor or (rooms.torch_processor(device, document) if device else port.NUMPY))
    module.torch_processor = lambda *_: watched
    try:
        module.refine(document, rough, device="watched")
    finally:
        module.torch_processor = rooms.torch_processor
    watched.total = time.perf_counter() - begin
    return watched


def _dry(document: Document, rough: LayerStack, room: int) -> tuple[Watched, str]:
    door: Any = importlib.import_module("layerlift.refine.torches.processor")
    there: Any = importlib.import_module("layerlift.refine.torches.device")
    dispatch: Any = importlib.import_module("torch.utils._python_dispatch")
    moved = {"up": 0, "down": 0, "launches": 0, "bytes": 0, "waits": 0, "largest": 0}

    class Counted(there.Device):  # type: ignore[misc]
        def put(self, array: Any) -> Any:
            moved["up"] += array.nbytes
            return super().put(array)

        def take(self, tensor: Any, out: Any) -> None:
            moved["down"] += out.nbytes
            moved["waits"] += 1
            super().take(tensor, out)

        def array(self, tensor: Any) -> Any:
            moved["down"] += tensor.numel() * tensor.element_size()
            moved["waits"] += 1
            return super().array(tensor)

    class Traffic(dispatch.TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            _count(moved, func, args, out)
            return out

    with Traffic():
        watched = _timed(document, rough, "cpu", door.TorchProcessor(Counted("cpu", room), document, sure=True))
    return watched, (
        f"    would move {moved['bytes'] / 1e9:.1f} GB on the device in {moved['launches']} launches, "
        f"{moved['up'] / 1e6:.0f} MB up, {moved['down'] / 1e6:.0f} MB down; the host waits {moved['waits']} times"
    )


def _count(moved: dict[str, int], func: Any, args: Any, out: Any) -> None:
    """Add one operation; views move nothing."""
    given, made = _tensors(args), _tensors(out)
    if not made:
        return
    name = func._schema.name.split("::")[1]
    shared = {one.untyped_storage().data_ptr() for one in given}
    if not func._schema.is_mutable and all(one.untyped_storage().data_ptr() in shared for one in made):
        return
    written = sum(one.numel() * one.element_size() for one in made)
    read = sum(one.numel() * one.element_size() for one in given)
    if name in ("index_select", "index", "index_copy_", "scatter_"):
        picked = [one.numel() * one.element_size() for one in given[1:]]
        read, written = (
            (sum(picked) + written, written) if name in ("index_select", "index") else (sum(picked), picked[-1])
        )
    moved["bytes"] += read + written
    moved["launches"] += 1
    moved["waits"] += name in ("nonzero", "_local_scalar_dense")


def _tensors(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [tensor for one in value for tensor in _tensors(one)]
    return [value] if hasattr(value, "untyped_storage") else []
