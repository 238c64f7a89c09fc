"""The peers' way, as ComfyUI and A1111 have it: PNG files over HTTP, uploaded as a form, fetched one by one.

The server is aiohttp in a process of its own, with Pillow; both sides encode and decode, as they must to have pixels.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import urllib.request
import uuid
from collections.abc import Iterator
from multiprocessing.connection import Connection

import numpy as np
from PIL import Image


def encoded(pixels: np.ndarray, level: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=level)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def _serve(pipe: Connection) -> None:
    from aiohttp import web

    layers: list[np.ndarray] = pipe.recv()

    async def upload(request: web.Request) -> web.Response:
        field = await (await request.multipart()).next()
        pixels = decoded(bytes(await field.read()))
        return web.json_response({"size": pixels.shape})

    async def view(request: web.Request) -> web.Response:
        pixels = layers[int(request.match_info["layer"])]
        return web.Response(body=encoded(pixels, int(request.query["level"])), content_type="image/png")

    async def announce(app: web.Application) -> None:
        pipe.send(app["listening"].getsockname()[1])

    import socket

    app = web.Application(client_max_size=1 << 30)
    app["listening"] = socket.create_server(("127.0.0.1", 0))
    app.add_routes([web.post("/upload", upload), web.get("/view/{layer}", view)])
    app.on_startup.append(announce)
    web.run_app(app, sock=app["listening"], print=None, handle_signals=False)


@contextlib.contextmanager
def png_server(layers: list[np.ndarray]) -> Iterator[tuple[str, int]]:
    """Its address and process id; it has `layers` as pixels, as an engine leaves them."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    ours.send(layers)
    assert process.pid is not None
    yield f"http://127.0.0.1:{ours.recv()}", process.pid
    process.terminate()
    process.join(10)


def up(address: str, pixels: np.ndarray, level: int) -> None:
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'.encode()
    body = head + encoded(pixels, level) + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    urllib.request.urlopen(urllib.request.Request(f"{address}/upload", body, kind)).read()


def down(address: str, layer: int, level: int) -> np.ndarray:
    return decoded(urllib.request.urlopen(f"{address}/view/{layer}?level={level}").read())
