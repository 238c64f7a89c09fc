"""What an operation is in the servers' fields.

Law: requests of the port in, HTTP bodies out; knows names of fields, opens nothing. Each field was read in the servers'
own source (docs/scale-out.md): vLLM-Omni takes the number of layers as `layers`, SGLang as `num_frames`; both ignore
fields that they don't know, so one body does for both. `output_format` must be said (the default of both is, or was,
JPEG, which has no alpha). A blank prompt is one space: an empty field counts as missing.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest, Sampling
from layerlift.engines.remote.answers import room
from layerlift.engines.remote.exchange import Request
from layerlift.imaging.geometry import Extent

EDITS, GENERATIONS = "/v1/images/edits", "/v1/images/generations"
USUAL_LAYERS = 4
"""What both models' makers and users find best when nobody says how many."""
FEWEST, MOST = 3, 10
"""What vLLM-Omni takes (2 in some versions, so 3); fewer are merged from these afterwards."""
RESOLUTIONS = (640, 1024)
LARGEST = 2048 * 2048
"""Most pixels of a picture that is taken back: what is drawn is 1024², a server may round up or be told more."""
_SLACK = 1.2
"""The model's sides are multiples of 32: its area is a little off the resolution's square."""
_BLANK = " "
_NOTHING = "Continue what is around, as if nothing had ever been there."


@dataclass(frozen=True)
class Order:
    """One request, how many pictures must come back, and how many pixels each may have. `like`: orders that are alike
    in this take alike long."""

    request: Request
    pictures: int
    area: int
    like: tuple[object, ...]


def decompose(request: DecomposeRequest, image: NDArray[np.uint8]) -> Order:
    """An opaque picture (h, w, 3) taken apart."""
    sampling = request.sampling
    layers = min(MOST, max(FEWEST, request.layers or USUAL_LAYERS))
    resolution = sampling.resolution or RESOLUTIONS[0]
    fields = {
        "prompt": request.what or _BLANK,
        "layers": layers,
        "num_frames": layers,
        "resolution": resolution,
        **_drawing(sampling, 50),
        **_PNG,
        "background": "transparent",
    }
    area = round(max(resolution, RESOLUTIONS[0]) ** 2 * _SLACK)
    like = ("decompose", layers, resolution, sampling.steps, sampling.fast)
    return _edits(fields, [image], layers, area, like)


def edit(prompt: str, images: list[NDArray[np.uint8]], sampling: Sampling) -> Order:
    """Opaque pictures (h, w, 3), the first of which, at its size, is changed as `prompt` says."""
    fields = {"prompt": prompt, "size": _size(images[0]), **_drawing(sampling, 40), **_PNG}
    like = ("edit", len(images), fields["size"], sampling.steps, sampling.fast)
    return _edits(fields, images, 1, LARGEST, like)


def inpaint(prompt: str | None, image: NDArray[np.uint8], mask: NDArray[np.uint8], sampling: Sampling) -> Order:
    """A hole in an opaque picture (h, w, 3), white in the (h, w) mask (vLLM-Omni: `mask_image`)."""
    fields = {"prompt": prompt or _NOTHING, "size": _size(image), **_drawing(sampling, 40), **_PNG}
    like = ("inpaint", fields["size"], sampling.steps, sampling.fast)
    return _edits(fields, [image], 1, LARGEST, like, mask=mask)


def generate(prompt: str, extent: Extent, sampling: Sampling) -> Order:
    """A picture from words."""
    size = f"{extent.width}x{extent.height}"
    fields = {"prompt": prompt or _BLANK, "size": size, **_drawing(sampling, 50), **_PNG}
    like = ("generate", size, sampling.steps, sampling.fast)
    body = json.dumps(fields).encode()
    return Order(Request("POST", GENERATIONS, body, "application/json", room(1, LARGEST)), 1, LARGEST, like)


def _size(image: NDArray[np.uint8]) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


_PNG: dict[str, object] = {"n": 1, "response_format": "b64_json", "output_format": "png"}


def _drawing(sampling: Sampling, usual: int) -> dict[str, object]:
    """What every drawing operation says. Without a negative prompt neither server guides at all."""
    fields: dict[str, object] = {"negative_prompt": sampling.negative or _BLANK, "seed": sampling.seed}
    if sampling.steps is not None or sampling.fast:
        fields["num_inference_steps"] = sampling.steps or usual // 2
    if sampling.guidance is not None:
        fields["true_cfg_scale"] = fields["guidance_scale"] = sampling.guidance
    return fields


def _edits(
    fields: dict[str, object],
    images: list[NDArray[np.uint8]],
    pictures: int,
    area: int,
    like: tuple[object, ...],
    mask: NDArray[np.uint8] | None = None,
) -> Order:
    files = [("image", f"image-{index}.png", png(image)) for index, image in enumerate(images)]
    if mask is not None:
        files.append(("mask_image", "mask.png", png(mask)))
    body, content_type = multipart(fields, files)
    return Order(Request("POST", EDITS, body, content_type, room(pictures, area)), pictures, area, like)


def multipart(fields: dict[str, object], files: list[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """A form as RFC 7578 has it: its body and content type. `files`: field, name, PNG."""
    boundary = secrets.token_hex(24)
    parts: list[bytes] = []
    for name, value in fields.items():
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, filename, data in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: image/png'
        parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def png(image: NDArray[np.uint8]) -> bytes:
    """(h, w) or (h, w, 3) uint8 as PNG."""
    told = image if image.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", told, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
