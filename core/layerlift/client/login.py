"""How a client gets in: which address, which proof, and what is kept after pairing.

Law: decides, opens no connection. Asked anew for every attempt, since a local server that was started again has another
port and another token.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace

from layerlift.client import launch
from layerlift.client.address import Address, find, parse
from layerlift.client.errors import NoServer, ServerError
from layerlift.client.known_servers import Known, KnownServers
from layerlift.wire import messages as m
from layerlift.wire.limits import NAME
from layerlift.wire.text import clipped
from layerlift.wire.values import ClientInfo


@dataclass
class Login:
    """`typed` None: this machine's own server, started when there is none and `start`. `code`: pair as `device`."""

    who: ClientInfo
    typed: str | None = None
    token: str | None = None
    fingerprint: str | None = None
    start: bool = False
    code: str | None = None
    device: str | None = None
    dead: set[Address] = field(default_factory=set)
    """Servers of this machine whose files are there but who don't answer: their process ids belong to others now."""

    def find(self) -> Address:
        """Where to connect now. Raises NoServer, RequestError."""
        try:
            launch.reap()
            address = find(self.typed, self.token, self.fingerprint, self.dead)
        except NoServer:
            if self.code is not None and self.typed is not None:
                address = replace(parse(self.typed), tls=True, fingerprint=self.fingerprint)
            elif self.start and self.typed is None:
                address = launch.start(dead=self.dead)
            else:
                raise
        if address.token is None and self.code is None:
            raise ServerError(
                f"This machine has not been paired with {address}.",
                f"Get a code there (layerlift pair), then: layerlift pair {address} CODE",
                code="unauthorized",
            )
        return address

    def another(self, unreachable: Address) -> bool:
        """Whether to look again after nobody answered there: only for this machine's own server."""
        if self.typed is not None or unreachable in self.dead:
            return False
        self.dead.add(unreachable)
        return True

    def hello(self, address: Address) -> m.Hello:
        """What to say first."""
        if self.code is not None:
            return m.Hello(
                self.who, code=self.code, device=clipped(self.device or platform.node() or "A computer", NAME)
            )
        return m.Hello(self.who, token=address.token)

    def welcomed(self, address: Address, welcome: m.Welcome) -> None:
        """Keep what pairing has given; the code is used up. Raises OutputError."""
        if self.code is None or welcome.token is None:
            return
        KnownServers().remember(str(address), Known(welcome.token, address.fingerprint, address.tls))
        self.token, self.code = welcome.token, None
