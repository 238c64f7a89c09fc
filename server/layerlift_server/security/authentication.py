"""Who may come in, and as whom.

Law: judges a greeting by its one proof; knows no socket. "local" is the owner (the runtime file's token at the loopback
endpoint, or the page's cookie); everybody else is a paired device. Every "no" sounds the same, whatever was wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from layerlift.wire.messages import Hello
from layerlift.wire.values import Problem
from layerlift_server import problems
from layerlift_server.jobs.port import LOCAL, Owner, Refusal
from layerlift_server.security import tokens
from layerlift_server.security.devices import Devices, Full
from layerlift_server.security.names import plain
from layerlift_server.security.pairing import PairingCode


@dataclass(frozen=True)
class Peer:
    """How a connection arrived: through the `remote` endpoint or the loopback one, and whether it brought the page's
    cookie from the page's own address (`visitor`)."""

    remote: bool
    visitor: bool


@dataclass(frozen=True)
class Identity:
    """Who was let in: `owner` in the jobs' sense, a `label` for lists and logs, and a `token` if it was paired now."""

    owner: Owner
    label: str
    token: str | None = None


class Authenticator:
    """The proofs that this server takes."""

    def __init__(
        self, token: str, devices: Devices, code: PairingCode, count: Callable[[str], None] = lambda _name: None
    ) -> None:
        self._digest = tokens.digest(token)
        self._devices, self._code, self._count = devices, code, count

    def admit(self, hello: Hello, peer: Peer) -> Identity:
        """Judge a greeting. Raises Refusal ("unauthorized", "too-many"), OSError when a device cannot be kept."""
        label = " in ".join(word for word in (hello.client.name, hello.client.host) if word)
        label = plain(label) or "Somebody"
        if hello.token is not None and hello.code is None:
            return Identity(self._by_token(hello.token, peer), label)
        if hello.code is not None and hello.token is None:
            return self._pair(hello.code, hello.device or label, label)
        if hello.token is None and peer.visitor:
            return Identity(LOCAL, label)
        raise self._no(problems.UNAUTHORIZED)

    def is_owner(self, token: str) -> bool:
        """Whether `token` is the runtime file's."""
        return tokens.same(tokens.digest(token), self._digest)

    def holder(self, token: str, peer: Peer) -> Owner | None:
        """Whose token this is, None when nobody's."""
        if not peer.remote and self.is_owner(token):
            return LOCAL
        return self._devices.find(token)

    def _by_token(self, token: str, peer: Peer) -> Owner:
        owner = self.holder(token, peer)
        if owner is None:
            raise self._no(problems.UNAUTHORIZED)
        return owner

    def _pair(self, code: str, device: str, label: str) -> Identity:
        if not self._code.redeem(code):
            raise self._no(problems.WRONG_CODE)
        try:
            owner, token = self._devices.add(device)
        except Full:
            raise Refusal(problems.TOO_MANY_DEVICES) from None
        self._count("devices paired")
        return Identity(owner, label, token)

    def _no(self, problem: Problem) -> Refusal:
        self._count("proofs refused")
        return Refusal(problem)
