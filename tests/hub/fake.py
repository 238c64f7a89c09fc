"""A hub on loopback that speaks the documented subset of the Hugging Face Hub's API, and can misbehave.

What it serves, as the hub's API documentation and huggingface_hub's own requests have it:
- GET /api/models/{repo}/revision/{revision}?blobs=true: `sha` and `siblings` with size, blobId, lfs (large files);
- GET /api/models/{repo}/tree/{revision}: the same files as a tree (the library's own downloads ask for it);
- HEAD and GET /{repo}/resolve/{revision}/{file}: small files directly with Git's identifier as ETag; large ones as a
  redirect to another origin with X-Linked-Etag (SHA-256) and X-Linked-Size; X-Repo-Commit always;
- GET /cdn/{sha256} on that other origin: ranges (RFC 9110, 14), never with anybody's token.
Refusals carry X-Error-Code as the hub's do.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field

from aiohttp import web

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Files of at least so many bytes are stored as large ones here."""
PIECE = 64 * 1024


@dataclass
class Fault:
    """What goes wrong with a file, `times` times: the connection is cut or stalls after `after` bytes, its bytes are
    changed, it answers with `status`, or positions are ignored."""

    kind: str
    times: int = 1
    after: int = 0
    status: int = 503


@dataclass
class Seen:
    """A request: method, path, Range header, Authorization header."""

    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class FakeHub:
    """Runs in a thread of its own until `stop`."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    faults: dict[str, Fault] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def add(self, repo: str, files: dict[str, bytes]) -> None:
        self.repos.setdefault(repo, {}).update(files)

    def fault(self, name: str, kind: str, **about: int) -> None:
        self.faults[name] = Fault(kind, **about)

    def gets(self, part: str) -> list[Seen]:
        """Requests for bytes whose path holds `part`."""
        return [one for one in self.seen if one.method == "GET" and part in one.path]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> FakeHub:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(30)
        return self

    def stop(self) -> None:
        self.go_on.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_get("/api/models/{org}/{name}/revision/{revision}", self._about)
        app.router.add_get("/api/models/{org}/{name}", self._about)
        app.router.add_get("/api/models/{org}/{name}/tree/{revision}", self._tree)
        app.router.add_route("*", "/{org}/{name}/resolve/{revision}/{file:.+}", self._resolve)
        app.router.add_get("/cdn/{sha}/{file:.+}", self._bytes)
        runner = web.AppRunner(app, shutdown_timeout=0)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self._port = runner.addresses[0][1]
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    def _note(self, request: web.Request) -> None:
        headers = request.headers
        self.seen.append(Seen(request.method, request.path, headers.get("Range"), headers.get("Authorization")))

    def _fault_of(self, name: str, *kinds: str) -> Fault | None:
        fault = self.faults.get(name)
        if fault is None or fault.kind not in kinds or fault.times == 0:
            return None
        fault.times -= 1
        return fault

    def _refusal(self, request: web.Request) -> web.Response | None:
        repo = f"{request.match_info['org']}/{request.match_info['name']}"
        revision = request.match_info.get("revision", "main")
        if repo in self.gated and "Authorization" not in request.headers:
            return _refuse(401, "GatedRepo", "Access to this model is restricted.")
        if repo not in self.repos:
            return _refuse(401, "RepoNotFound", "Invalid username or password.")
        if revision != "main" and (len(revision) != 40 or revision in self.lost):
            return _refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return None

    async def _about(self, request: web.Request) -> web.Response:
        self._note(request)
        if fault := self._fault_of("api", "status"):
            return web.Response(status=fault.status)
        if refused := self._refusal(request):
            return refused
        repo = f"{request.match_info['org']}/{request.match_info['name']}"
        siblings = [_sibling(name, data) for name, data in self.repos[repo].items()]
        return web.json_response(
            {"id": repo, "modelId": repo, "sha": _commit(request), "private": False, "siblings": siblings, "tags": []}
        )

    async def _tree(self, request: web.Request) -> web.Response:
        self._note(request)
        if refused := self._refusal(request):
            return refused
        repo = f"{request.match_info['org']}/{request.match_info['name']}"
        return web.json_response([_leaf(name, data) for name, data in self.repos[repo].items()])

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if refused := self._refusal(request):
            return refused
        repo = f"{request.match_info['org']}/{request.match_info['name']}"
        name = request.match_info["file"]
        data = self.repos[repo].get(name)
        if data is None:
            return _refuse(404, "EntryNotFound", "Entry not found")
        common = {"X-Repo-Commit": _commit(request)}
        if len(data) < LARGE:
            headers = {**common, "ETag": f'"{git_identity(data)}"'}
            if request.method == "HEAD":
                return web.Response(headers={**headers, "Content-Length": str(len(data))})
            return web.Response(body=data, headers=headers)
        sha = hashlib.sha256(data).hexdigest()
        place = f"http://localhost:{self._port}/cdn/{sha}/{repo}/{name}"
        linked = {"X-Linked-Etag": f'"{sha}"', "X-Linked-Size": str(len(data)), "Location": place}
        return web.Response(status=302, headers={**common, **linked})

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        org, model, name = request.match_info["file"].split("/", 2)
        data = self.repos[f"{org}/{model}"][name]
        if fault := self._fault_of(name, "status"):
            return web.Response(status=fault.status)
        if self._fault_of(name, "corrupt"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        start = 0
        asked = request.headers.get("Range")
        if asked and not self._fault_of(name, "no ranges"):
            start = int(asked.removeprefix("bytes=").split("-")[0])
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(data) - start
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await response.prepare(request)
        await self._send(request, response, name, data[start:])
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, name: str, data: bytes) -> None:
        fault = self._fault_of(name, "cut", "stall")
        for at in range(0, len(data), PIECE):
            if fault and at >= fault.after:
                if fault.kind == "cut":
                    assert request.transport is not None
                    request.transport.abort()
                    return
                self.stalled.set()
                await asyncio.get_running_loop().run_in_executor(None, self.go_on.wait)
                fault = None
            await response.write(data[at : at + PIECE])


def _commit(request: web.Request) -> str:
    revision = request.match_info.get("revision", "main")
    return COMMIT if revision == "main" else revision


def git_identity(data: bytes) -> str:
    """What Git calls this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _sibling(name: str, data: bytes) -> dict[str, object]:
    about: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git_identity(data)}
    if len(data) >= LARGE:
        sha = hashlib.sha256(data).hexdigest()
        about["lfs"] = {"sha256": sha, "size": len(data), "pointerSize": 135}
    return about


def _leaf(name: str, data: bytes) -> dict[str, object]:
    about = _sibling(name, data)
    leaf: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": about["blobId"]}
    if "lfs" in about:
        leaf["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 135}
    return leaf


def _refuse(status: int, code: str, message: str) -> web.Response:
    return web.json_response(
        {"error": message}, status=status, headers={"X-Error-Code": code, "X-Error-Message": message}
    )
