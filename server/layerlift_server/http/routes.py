"""What can be asked for over HTTP.

Law: speaks aiohttp; every route is here. Who may ask at all has been judged by the middleware; what a route gives
beyond "there is a server" it gives to the page's cookie or a token only.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import hdrs, web

from layerlift_server.http.middleware import Middleware
from layerlift_server.http.static_files import Page, PageFile
from layerlift_server.jobs.port import LOCAL, Owner, Refusal
from layerlift_server.observe import prometheus
from layerlift_server.observe.loop_lag import LoopLag
from layerlift_server.security.authentication import Peer
from layerlift_server.security.cookies import Cookies
from layerlift_server.security.names import file_stem
from layerlift_server.sockets.connection_limit import ConnectionLimit, limited_protocol
from layerlift_server.sockets.context import Context
from layerlift_server.sockets.transport import converse

EXPORTS = ("psd", "ora", "pptx", "zip")
_JOB = r"[A-Za-z0-9-]{1,64}"
_STATUS = {"unknown-job": 404, "not-finished": 409, "disk-full": 507, "shutting-down": 503, "too-many": 503}
_HTTP = {hdrs.CACHE_CONTROL: "no-cache"}


@dataclass
class Routes:
    """The routes of one endpoint."""

    context: Context
    middleware: Middleware
    cookies: Cookies
    connections: ConnectionLimit
    loop_lag: LoopLag
    page: Page
    cookie: str
    secure: bool

    def table(self) -> list[web.RouteDef]:
        """For aiohttp's router."""
        return [
            web.get("/", self.index, allow_head=False),
            web.get("/open", self.open, allow_head=False),
            web.get("/static/{name:[A-Za-z0-9._/-]+}", self.static, allow_head=False),
            web.get("/ws", self.socket, allow_head=False),
            web.get(f"/export/{{job:{_JOB}}}.{{format:[a-z]{{1,8}}}}", self.export, allow_head=False),
            web.get("/health", self.health, allow_head=False),
            web.get("/metrics", self.metrics, allow_head=False),
            web.post("/link", self.link),
            web.post("/pairing", self.pairing),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page, or how to get in."""
        if not self.middleware.has_cookie(request):
            return _whole(self.page.locked(), status=401)
        _prove(request)
        found = self.page.index()
        if found is None:
            return web.Response(status=404, text="This installation came without the page.\n")
        return _whole(found)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """A file that the page is made of; there is nothing secret in those."""
        found = self.page.static(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        if request.headers.get(hdrs.IF_NONE_MATCH) == f'"{found.tag}"':
            return web.Response(status=304, headers={hdrs.ETAG: f'"{found.tag}"', **_HTTP})
        return _whole(found)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Exchange a link's key for a cookie and go to the page."""
        cookie = self.cookies.exchange(request.query.get("key", ""))
        if cookie is None:
            self.context.counters.add("proofs refused")
            return _whole(self.page.locked(), status=403)
        _prove(request)
        self.context.log.say("page opened")
        answer = web.Response(status=303, headers={hdrs.LOCATION: "/"})
        answer.set_cookie(self.cookie, cookie, path="/", httponly=True, samesite="Strict", secure=self.secure)
        return answer

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """The protocol."""
        return await converse(request, self.context, self.middleware.peer(request))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """A finished job as a file."""
        owner = LOCAL if self.middleware.has_cookie(request) else self._holder(request)
        if owner is None:
            raise web.HTTPUnauthorized
        job, form = request.match_info["job"], request.match_info["format"]
        if form not in EXPORTS:
            raise web.HTTPNotFound
        _prove(request)
        try:
            path = await self.context.jobs.export(job, owner, form)
        except Refusal as no:
            status = _STATUS.get(no.problem.code, 500)
            return web.Response(status=status, text=f"{no.problem.sentence} {no.problem.remedy}\n")
        name = quote(f"{self._stem(job, owner)}.{form}")
        headers = {
            hdrs.CONTENT_DISPOSITION: f"attachment; filename=\"layers.{form}\"; filename*=UTF-8''{name}",
            hdrs.CONTENT_TYPE: "application/octet-stream",
        }
        return web.FileResponse(path, headers=headers)

    async def health(self, request: web.Request) -> web.StreamResponse:
        """That there is a server; to a token at the loopback endpoint, how it is."""
        if self._holder(request) != LOCAL:
            return web.json_response({"status": "closing" if self.context.closing else "ok"})
        return web.json_response(
            {
                "status": "closing" if self.context.closing else "ok",
                "version": self.context.version,
                "connections": len(self.connections),
                "sessions": len(self.context.sessions),
                "lag_p99_seconds": round(self.loop_lag.lag(0.99), 6),
                "jobs": self.context.jobs.figures(),
            }
        )

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Everything that is counted, to a token at the loopback endpoint."""
        if self._holder(request) != LOCAL:
            raise web.HTTPUnauthorized
        gauges = {
            **{f"jobs {name}": value for name, value in self.context.jobs.figures().items()},
            "open connections": len(self.connections),
            "open sessions": len(self.context.sessions),
            "paired devices": len(self.context.devices.list()),
            "loop lag p50 seconds": self.loop_lag.lag(0.5),
            "loop lag p99 seconds": self.loop_lag.lag(0.99),
            "loop lag worst seconds": self.loop_lag.lag(1.0),
            "outbox bytes": sum(session.outbox.waiting for session in self.context.sessions),
        }
        text = prometheus.exposition(gauges, self.context.counters.figures())
        return web.Response(body=text.encode(), headers={hdrs.CONTENT_TYPE: prometheus.CONTENT_TYPE})

    async def link(self, request: web.Request) -> web.StreamResponse:
        """A one-time link to the page, for whoever can read the runtime file."""
        self._only_owner(request)
        return web.json_response({"url": f"http://{request.host}/open?key={self.cookies.issue()}"})

    async def pairing(self, request: web.Request) -> web.StreamResponse:
        """A pairing code, for whoever can read the runtime file."""
        self._only_owner(request)
        code, seconds = self.context.code.show()
        return web.json_response({"code": code, "seconds": seconds})

    def _only_owner(self, request: web.Request) -> None:
        if self._holder(request) != LOCAL:
            raise web.HTTPUnauthorized

    def _holder(self, request: web.Request) -> Owner | None:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        owner = self.context.authenticator.holder(token.strip(), Peer(self.middleware.remote, visitor=False))
        if owner is None:
            self.context.counters.add("proofs refused")
            return None
        _prove(request)
        return owner

    def _stem(self, job: str, owner: Owner) -> str:
        names = [info.name for info in self.context.jobs.list(owner, 0.0) if info.job == job]
        return file_stem(names[0]) if names else "layers"


def _whole(file: PageFile, *, status: int = 200) -> web.Response:
    headers = {hdrs.ETAG: f'"{file.tag}"', **_HTTP} if status == 200 else {}
    charset = "utf-8" if file.type.startswith("text/") else None
    return web.Response(body=file.content, status=status, content_type=file.type, charset=charset, headers=headers)


def _prove(request: web.Request) -> None:
    found = limited_protocol(request.transport)
    if found is not None:
        found.proved()
