"""The gate that every request passes: who may ask at all, and the headers that every answer carries.

Law: judges by `addresses` and speaks aiohttp; knows no route and no session. No CORS header is ever sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from layerlift_server.doors.addresses import Door, objection, same_origin
from layerlift_server.doors.connections import greeted
from layerlift_server.figures.tally import Tally
from layerlift_server.trust.doorkeeper import Peer
from layerlift_server.trust.visits import Visits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SENTENCES = {
    "host": "This server is not called that. Use the address that `layerlift open` prints.",
    "origin": "Another site's page may not talk to this server.",
    "site": "Another site's page may not talk to this server.",
    "referrer": "Another site's page may not talk to this server.",
    "door": "There is nothing here but the websocket for paired devices.",
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


class Gate:
    """The checks of one door, as aiohttp's middleware, with the headers of every answer as its signal."""

    def __init__(self, door: Door, visits: Visits, tally: Tally, cookie: str) -> None:
        self._door, self._visits, self._tally, self._cookie = door, visits, tally, cookie

    @property
    def remote(self) -> bool:
        """Whether other machines come in here."""
        return self._door.remote

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 421 or 403 instead of the route where `objection` has one."""
        greeted(request.transport)
        socket = request.path == "/ws"
        sockname = request.get_extra_info("sockname") or ("",)
        why = objection(request.headers, self._door, arrived_at=str(sockname[0]), socket=socket)
        if why is None and self._door.remote and request.path not in _REMOTE_PATHS:
            why = "door"
        if why is None:
            return await handler(request)
        self._tally.add("requests refused", why=why)
        status = {"host": 421, "door": 404}.get(why, 403)
        return web.Response(status=status, text=_SENTENCES[why] + "\n", headers={hdrs.CONNECTION: "close"})

    async def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the headers on that every answer carries (`on_response_prepare`)."""
        response.headers.update(_ALWAYS)
        host = request.host if self._door.known(request.host) else ""
        sockets = f"ws://{host} wss://{host}" if host else ""
        response.headers["Content-Security-Policy"] = _POLICY.format(sockets=sockets).replace("  ", " ")
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        if self._door.remote:
            response.headers[hdrs.STRICT_TRANSPORT_SECURITY] = "max-age=31536000"

    def peer(self, request: web.Request) -> Peer:
        """How a request arrived. The page's cookie counts only from the page's own origin, never through the remote
        door."""
        origin = request.headers.get(hdrs.ORIGIN)
        ours = origin is not None and same_origin(origin, f"{self._door.scheme}://{request.host.lower()}")
        return Peer(self._door.remote, ours and self.visiting(request), request.remote or "")

    def visiting(self, request: web.Request) -> bool:
        """Whether a request brings the cookie of a visit that lasts."""
        return not self._door.remote and self._visits.known(request.cookies.get(self._cookie))
