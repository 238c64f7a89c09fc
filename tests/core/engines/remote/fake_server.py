"""vLLM-Omni's and SGLang's image routes as their source has them (docs/scale-out.md), with faults on command.

It is as strict as they are, and as careless: FastAPI's rules for forms (an empty field is a missing one, a number that
is none is a 422, unknown fields are ignored), their own checks with their own words, their defaults (JPEG!). The
"model" paints flat bands whose colours follow from the seed. One server is one model, in a thread and event loop of its
own.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from aiohttp import web
from PIL import Image

Fault = Literal[
    "slow", "cut", "die", "500", "503", "502", "html", "fewer", "more", "jpeg", "bomb", "shape", "huge", "empty", "url",
    "redirect", "text", "damaged", "sizes", "nested", "blank", "drip",
]  # fmt: skip


class Refused(Exception):
    """An HTTPException: its status and `detail`."""

    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass
class Form:
    """A multipart form as FastAPI reads it."""

    text: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def number(self, name: str, kind: Callable[[str], Any]) -> Any:
        if self.text.get(name, "") == "":
            return None
        try:
            return kind(self.text[name])
        except ValueError:
            raise Refused(422, [{"loc": ["body", name], "msg": "Input should be a valid number"}]) from None

    def required(self, name: str) -> str:
        if self.text.get(name, "") == "":
            raise Refused(422, [{"loc": ["body", name], "msg": "Field required", "type": "missing"}])
        return self.text[name]


class FakeServer:
    """A server with one `model` of one `maker`. `faults`: what goes wrong with the next requests, in turn; `asked`: the
    forms that came; `key`: the bearer token that it wants."""

    def __init__(
        self,
        model: str = "Qwen/Qwen-Image-Layered",
        maker: Literal["vllm", "sglang"] = "vllm",
        *,
        key: str | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.model, self.maker, self.key = model, maker, key
        self.faults: list[Fault] = []
        self.asked: list[dict[str, str]] = []
        self.pictures: list[list[bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.started, self.left = threading.Event(), threading.Event()
        self.unwell = False
        self.released = threading.Event()
        self._tls, self.port = tls, port
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._live, args=(ready,), daemon=True)
        self._thread.start()
        self.port = ready.result(30)

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """It is killed: every connection is cut, nothing listens any more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)
            assert not self._thread.is_alive()

    def _live(self, ready: Future[int]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(ready))
        finally:
            self._loop.close()

    async def _serve(self, ready: Future[int]) -> None:
        app = web.Application(client_max_size=1 << 28)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/images/edits", self._edits)
        app.router.add_post("/v1/images/generations", self._generations)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True)
        await site.start()
        assert site._server is not None
        ready.set_result(site._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        await self._stop.wait()
        assert runner.server is not None
        for connection in list(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        if self.unwell:
            return web.Response(status=503)
        return web.Response() if self.maker == "vllm" else web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request)) is not None:
            return refusal
        card = {"id": self.model, "object": "model", "created": 1, "owned_by": self.maker, "root": self.model}
        return web.json_response({"object": "list", "data": [card]})

    def _locked(self, request: web.Request) -> web.Response | None:
        """vLLM guards /v1 alone, and says it in one word."""
        self.headers.append(dict(request.headers))
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        return None

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._edited)

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._generated)

    async def _answer(self, request: web.Request, do: Callable[[web.Request], Any]) -> web.StreamResponse:
        if (refusal := self._locked(request)) is not None:
            return refusal
        try:
            drawn, packed = await do(request)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        fault = self.faults.pop(0) if self.faults else None
        self.started.set()
        if fault == "slow":
            try:
                while not self.released.is_set():
                    await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.left.set()
                raise
        return await self._spoilt(request, fault, drawn, packed)

    def _body(self, data: list[dict[str, Any]], packed: str) -> dict[str, Any]:
        if self.maker == "vllm":
            return {"created": 1, "data": data, "output_format": packed, "size": "auto"}
        return {"id": "r", "created": 1, "data": data, "peak_memory_mb": 1.0, "inference_time_s": 0.1}

    async def _spoilt(
        self, request: web.Request, fault: Fault | None, drawn: list[Image.Image], packed: str
    ) -> web.StreamResponse:
        if fault in ("500", "502"):
            return web.json_response({"detail": "Image edit failed: CUDA error\n\x1b[31m"}, status=int(fault))
        if fault == "503":
            return web.json_response({"detail": "Engine is busy"}, status=503, headers={"Retry-After": "1"})
        if fault == "html":
            return web.Response(text="<html>a proxy's idea of an answer</html>", content_type="text/html")
        if fault == "text":
            return web.Response(text="[" * 100000, content_type="application/json")
        if fault == "redirect":
            return web.Response(status=307, headers={"Location": "http://192.0.2.1/v1/images/edits"})
        if fault == "huge":
            return web.Response(body=b" " * (20 << 20), content_type="application/json")
        if fault == "drip":
            return await self._drip(request)
        if fault == "die":
            self._stop.set()
            await asyncio.sleep(3600)
        pictures = _pictures(fault, drawn)
        data = [
            {
                "b64_json": base64.b64encode(_encoded(picture, fault, packed)).decode(),
                "url": None,
                "revised_prompt": None,
            }
            for picture in pictures
        ]
        if fault == "url":
            data = [{"b64_json": None, "url": "/v1/images/1/content"} for _ in data]
        if fault == "damaged":
            data[-1]["b64_json"] = str(data[-1]["b64_json"])[:200] + "!"
        if fault == "nested":
            data = [{"b64_json": {"b64_json": "x"}} for _ in data]
        body = json.dumps(self._body([] if fault == "empty" else data, packed)).encode()
        if fault != "cut":
            return web.Response(body=body, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """A byte now and then, for ever: no single read of it is slow."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while not self.released.is_set():
                await response.write(b" ")
                await asyncio.sleep(0.05)
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        return response

    async def _form(self, request: web.Request) -> Form:
        form = Form()
        reader = await request.multipart()
        async for part in reader:
            assert part.name is not None
            data = bytes(await part.read(decode=False))
            if part.filename is None:
                form.text[part.name] = data.decode()
            else:
                assert part.headers["Content-Type"] == "image/png"
                form.files.setdefault(part.name, []).append(data)
        self.asked.append(form.text)
        self.pictures.append([one for many in form.files.values() for one in many])
        return form

    async def _edited(self, request: web.Request) -> tuple[list[Image.Image], str]:
        form = await self._form(request)
        prompt = form.required("prompt")
        numbers = {
            name: form.number(name, kind)
            for name, kind in (
                ("n", int), ("num_inference_steps", int), ("guidance_scale", float), ("true_cfg_scale", float),
                ("seed", int), ("layers", int), ("resolution", int), ("num_frames", int), ("strength", float),
            )
        }  # fmt: skip
        uploads = form.files.get("image") or form.files.get("image[]") or []
        if not uploads:
            raise Refused(422, "Field 'image' or 'url' is required")
        return (
            self._vllm(form, prompt, numbers, uploads) if self.maker == "vllm" else self._sglang(form, numbers, uploads)
        )

    def _vllm(
        self, form: Form, prompt: str, numbers: dict[str, Any], uploads: list[bytes]
    ) -> tuple[list[Image.Image], str]:
        if form.text.get("model") not in (None, "", self.model):
            raise Refused(400, f"Model mismatch: request specifies '{form.text['model']}'")
        packed = _format(form, "png", jpeg="jpeg")
        if form.text.get("response_format", "b64_json") != "b64_json":
            raise Refused(400, "Only response_format 'b64_json' is supported now.")
        if "Layered" in self.model and len(uploads) > 1:
            raise Refused(400, "Received multiple input images. Only a single image is supported by this model.")
        images = [_opened(data) for data in uploads]
        layers, resolution, size = numbers["layers"], numbers["resolution"], form.text.get("size", "auto")
        if resolution is not None and resolution not in (640, 1024):
            raise Refused(400, f"Invalid resolution {resolution}. Supported resolutions: (640, 1024).")
        if layers is not None and layers not in range(3, 11):
            raise Refused(400, f"Invalid layers value {layers}. layers must be between 3 and 10 inclusive.")
        if resolution is not None and size.lower() != "auto":
            raise Refused(400, "Cannot specify both 'resolution' and 'size'.")
        if "Layered" in self.model:
            if resolution is None:
                raise Refused(500, "Image edit failed: resolution must be either 640 or 1024, but got None")
            return layered(images[0], layers or 4, resolution, numbers["seed"]), packed
        width, height = images[0].size if size.lower() == "auto" else _size(size)
        return [_repainted(images[0], width, height, form, numbers["seed"])], packed

    def _sglang(self, form: Form, numbers: dict[str, Any], uploads: list[bytes]) -> tuple[list[Image.Image], str]:
        packed = _format(form, "", jpeg="jpg")
        images = [_opened(data) for data in uploads]
        if "Layered" in self.model:  # the size is the model's own, the number of layers a number of frames
            frames = numbers["num_frames"] or 0
            if not frames:
                raise Refused(500, "Model generation returned no output.")
            return layered(images[0], frames, 640, numbers["seed"]), packed
        width, height = _size(form.text.get("size", "1024x1024"))
        return [_repainted(images[0], width, height, form, numbers["seed"])], packed

    async def _generated(self, request: web.Request) -> tuple[list[Image.Image], str]:
        body = await request.json()
        self.asked.append(body)
        self.pictures.append([])
        if not isinstance(body.get("prompt"), str):
            raise Refused(422, [{"loc": ["body", "prompt"], "msg": "field required"}])
        for name, low, high in (("num_inference_steps", 1, 200), ("guidance_scale", 0, 20), ("true_cfg_scale", 0, 20)):
            if (value := body.get(name)) is not None and not low <= value <= high:
                raise Refused(422, [{"loc": ["body", name], "msg": "Input should be in range"}])
        if body.get("response_format", "b64_json" if self.maker == "vllm" else "url") != "b64_json":
            raise Refused(400, "response_format='url' requires cloud storage to be configured.")
        width, height = _size(body.get("size") or "1024x1024")
        colour = _colour(body.get("seed"), 0)
        packed = {"png": "png"}.get(body.get("output_format", "png" if self.maker == "vllm" else ""), "jpg")
        return [Image.new("RGB", (width // 16 * 16, height // 16 * 16), colour)], packed


def layered(image: Image.Image, count: int, resolution: int, seed: int | None) -> list[Image.Image]:
    """Bottom → top at the model's size: the picture's mean colour, then a band each."""
    ratio = image.width / image.height
    width = math.sqrt(resolution * resolution * ratio)
    width, height = round(width / 32) * 32, round(width / ratio / 32) * 32
    mean = tuple(int(value) for value in np.asarray(image.convert("RGB")).reshape(-1, 3).mean(0))
    layers = [Image.new("RGBA", (width, height), (*mean, 255))]
    for index in range(1, count):
        layer = Image.new("RGBA", (width, height))
        left, right = width * (index - 1) // (count - 1), width * index // (count - 1)
        layer.paste((*_colour(seed, index), 255), (left, 0, right, height // 2))
        layers.append(layer)
    return layers


def _repainted(image: Image.Image, width: int, height: int, form: Form, seed: int | None) -> Image.Image:
    """The picture with its left third painted, or its mask filled."""
    size = (max(16, width // 16 * 16), max(16, height // 16 * 16))
    out = image.convert("RGB").resize(size)
    if "mask_image" in form.files:
        out.paste(_colour(seed, 0), mask=_opened(form.files["mask_image"][0]).convert("L").resize(size))
    else:
        out.paste(_colour(seed, 0), (0, 0, size[0] // 3, size[1]))
    return out


def _colour(seed: int | None, index: int) -> tuple[int, int, int]:
    red, green, blue = np.random.default_rng([seed or 0, index]).integers(30, 226, 3)
    return int(red), int(green), int(blue)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise Refused(400, f"Invalid size format: '{text}'. Expected format: 'WIDTHxHEIGHT'.") from None
    return width, height


def _opened(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.copy()
    except OSError as error:
        raise Refused(400, f"Failed to open uploaded file: {error}") from None


def _format(form: Form, default: str, *, jpeg: str) -> str:
    """Both servers' rule: what is known, else PNG for a transparent background, else JPEG."""
    asked = form.text.get("output_format", default).lower()
    if asked in {"png", "jpg", "jpeg", "webp"}:
        return asked
    return "png" if form.text.get("background", "auto") == "transparent" else jpeg


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to nothing in it."""
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = b""
    for kind, body in ((b"IHDR", ihdr), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + chunks


def _pictures(fault: Fault | None, drawn: list[Image.Image]) -> list[Image.Image]:
    if fault == "fewer":
        return drawn[:-1]
    if fault == "more":
        return [*drawn, drawn[-1]]
    if fault == "shape":
        return [picture.resize((320, 960)) for picture in drawn]
    if fault == "sizes":
        return [*drawn[:-1], drawn[-1].resize((drawn[-1].width // 2, drawn[-1].height // 2))]
    if fault == "blank":
        return [*drawn[:-1], Image.new("RGBA", drawn[-1].size)]
    return drawn


def _encoded(picture: Image.Image, fault: Fault | None, packed: str) -> bytes:
    if fault == "bomb":
        return bomb(30000, 30000)
    out = io.BytesIO()
    if fault == "jpeg" or packed != "png":
        if picture.mode == "RGBA" and fault != "jpeg":
            raise OSError("cannot write mode RGBA as JPEG")
        picture.convert("RGB").save(out, "JPEG")
    else:
        picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
