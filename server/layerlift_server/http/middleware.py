"""What every request passes: who may ask at all, and the headers that every answer carries.

Law: judges by `security.origins` and speaks aiohttp; knows no route and no session. No CORS header is ever sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from layerlift_server.observe.counters import Counters
from layerlift_server.security.authentication import Peer
from layerlift_server.security.cookies import Cookies
from layerlift_server.security.origins import Endpoint, objection, same_origin
from layerlift_server.security.peer_user import foreign
from layerlift_server.sockets.connection_limit import request_arrived

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SENTENCES = {
    "host": "This server is not called that. Use the address that `layerlift open` prints.",
    "origin": "Another site's page may not talk to this server.",
    "site": "Another site's page may not talk to this server.",
    "referrer": "Another site's page may not talk to this server.",
    "path": "There is nothing here but the websocket for paired devices.",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=(), display-capture=()",
    "Server": "layerlift",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "worker-src 'self'; connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_REMOTE_PATHS = ("/ws", "/health")


class Middleware:
    """The checks of one endpoint, as aiohttp's middleware, with the headers of every answer as its signal."""

    def __init__(self, endpoint: Endpoint, cookies: Cookies, counters: Counters, cookie: str) -> None:
        self._endpoint, self._cookies, self._counters, self._cookie = endpoint, cookies, counters, cookie

    @property
    def remote(self) -> bool:
        """Whether other machines come in here."""
        return self._endpoint.remote

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 421 or 403 instead of the route where `objection` has one."""
        request_arrived(request.transport)
        socket = request.path == "/ws"
        sockname = request.get_extra_info("sockname") or ("",)
        why = objection(request.headers, self._endpoint, arrived_at=str(sockname[0]), socket=socket)
        if why is None and self._endpoint.remote and request.path not in _REMOTE_PATHS:
            why = "path"
        if why is None:
            return await handler(request)
        self._counters.add("requests refused", why=why)
        status = {"host": 421, "path": 404}.get(why, 403)
        return web.Response(status=status, text=_SENTENCES[why] + "\n", headers={hdrs.CONNECTION: "close"})

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the headers on that every answer carries (`on_response_prepare`)."""
        response.headers.update(_ALWAYS)
        host = request.host if self._endpoint.known(request.host) else ""
        sockets = f"ws://{host} wss://{host}" if host else ""
        response.headers["Content-Security-Policy"] = _POLICY.format(sockets=sockets).replace("  ", " ")
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")

    def peer(self, request: web.Request) -> Peer:
        """How a request arrived. The page's cookie counts only from the page's own origin, never through the remote
        endpoint."""
        origin = request.headers.get(hdrs.ORIGIN)
        ours = origin is not None and same_origin(origin, f"{self._endpoint.scheme}://{request.host.lower()}")
        return Peer(self._endpoint.remote, ours and self.has_cookie(request))

    def has_cookie(self, request: web.Request) -> bool:
        """Whether a request brings the cookie that is still good."""
        if self._endpoint.remote or not self._cookies.known(request.cookies.get(self._cookie)):
            return False
        peer, ours = request.get_extra_info("peername"), request.get_extra_info("sockname")
        if foreign((peer[0], peer[1]), (ours[0], ours[1])):
            self._counters.add("requests refused", why="another user's cookie")
            return False
        return True
