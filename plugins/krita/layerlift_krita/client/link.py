"""One connection to the local server, on Qt's event loop: no thread, nothing ever waited for.

Law: a socket, timers, and the wire's sans-IO `WebSocket` and `Connection`; what the messages mean is the action's
business. A server that is not there is started (if the installer said how); a connection that breaks is made again.
"""

from __future__ import annotations

from typing import Any, Literal

from layerlift.wire.connection import Connection
from layerlift.wire.errors import CLOSE_CODES, LocalProtocolError, RemoteProtocolError
from layerlift.wire.limits import CHUNK
from layerlift.wire.messages import Hello, Message, Refused, Stop, Welcome
from layerlift.wire.runtime import ServerFile
from layerlift.wire.values import ClientInfo
from layerlift.wire.websocket import Binary, Closed, Opened, Rejected, Reply, WebSocket
from layerlift_krita.action.action import Action
from layerlift_krita.action.ports import Say, Trouble
from layerlift_krita.client.finder import Finder
from layerlift_krita.qt import QtCore, network

QtNetwork = network()
READ_AHEAD = 4 << 20
"""Bytes that Qt reads for us before it makes the server wait: what one turn of the event loop works through."""
WRITE_AHEAD = 1 << 20
"""Bytes that we hand to Qt before the socket has taken them: enough to keep a loopback busy between two turns."""
DIAL_WITHIN = 10_000
"""Milliseconds until a server that does not answer our greeting is taken for broken."""
BACKOFF = (0, 200, 500, 1000, 2000, 4000)
"""Milliseconds before each attempt to come back after a break."""
PING_EVERY = 20_000
"""Milliseconds between our pings; a connection on which nothing came for two of them is dead."""

ASK_AGAIN = 5_000
"""Milliseconds after which a server that we have just started is greeted anew: by then it knows all its engines, which
it tells in its welcome only."""

State = Literal["away", "starting", "dialling", "open", "pausing"]


class ServerLink(QtCore.QObject):
    """The link of `action.ports`, on a QTcpSocket. `state` is for showing."""

    def __init__(self, me: ClientInfo, parent: Any = None) -> None:
        super().__init__(parent)
        self.me = me
        self.action: Action | None = None
        self.state: State = "away"
        self._socket: Any = None
        self._web: WebSocket | None = None
        self._connection = Connection("client")
        self._numbers = 0
        self._attempt = 0
        self._start = False
        self._silent = 0
        self.finder = Finder(self._dial, lambda: self._be_away(None), self._be_away, self)
        self._dialling = self._timer(DIAL_WITHIN, lambda: self._broken(Say("The Layerlift server does not answer.")))
        self._returning = self._timer(0, self._seek)
        self._pinging = self._timer(PING_EVERY, self._ping, single=False)
        self._asking_again = self._timer(ASK_AGAIN, self._ask_again)

    def _timer(self, interval: int, slot: Any, single: bool = True) -> Any:
        timer = QtCore.QTimer(self)
        timer.setInterval(interval)
        timer.setSingleShot(single)
        timer.timeout.connect(slot)
        return timer

    # The action's side

    def open(self, start: bool) -> None:
        """Be connected soon."""
        self._start = self._start or start
        if self.state == "away":
            self._attempt = 0
            self.finder.forgive()
            self._seek()

    def say(self, message: Message) -> None:
        """Say it; on a connection that just broke it is lost, and said again when the connection is back."""
        if self._web is None or self._web.state != "open" or self._connection.state == "closed":
            return
        try:
            self._write(*self._web.binary(self._connection.encode(message)))
        except LocalProtocolError as error:
            self._broken(Say("Layerlift's plug-in made a mistake: {error}", error=str(error)))

    def number(self) -> int:
        """A transfer number that this connection has not used."""
        self._numbers += 1
        return self._numbers

    def room(self, transfer: int) -> int:
        """How many bytes of an upload can go out now."""
        if self._web is None or self._web.state != "open":
            return 0
        if self._socket.bytesToWrite() > WRITE_AHEAD:
            return 0
        return min(self._connection.credit(transfer), CHUNK)

    def chunk(self, transfer: int, data: memoryview) -> None:
        """Send an upload's next bytes."""
        assert self._web is not None
        self._write(*self._web.binary(*self._connection.chunk(transfer, data)))

    def give_up(self, transfer: int) -> None:
        """Stop a transfer, if it still goes."""
        if self._connection.active(transfer):
            self.say(Stop(transfer))

    def stored(self, transfer: int, offset: int) -> None:
        """Acknowledge a download's bytes when it is time to."""
        ack = self._connection.stored(transfer, offset)
        if ack is not None and self._web is not None and self._web.state == "open":
            self._write(*self._web.binary(ack))

    def close(self) -> None:
        """End the conversation: Krita quits, or the plug-in is unloaded."""
        self.finder.stop()
        for timer in (self._dialling, self._returning, self._pinging, self._asking_again):
            timer.stop()
        if self._web is not None and self._web.state == "open":
            self._write(self._web.close())
            self._socket.flush()
        self._hang_up()
        self.state = "away"

    # Reaching it

    def _seek(self) -> None:
        self.finder.seek(self._start)
        if self.finder.starting:
            self.state = "starting"
            self._tell_state()

    def _dial(self, server: ServerFile) -> None:
        self.state = "dialling"
        self._server = server
        self._web = WebSocket("127.0.0.1", server.port)
        self._connection = Connection("client")
        self._numbers = 0
        self._socket = QtNetwork.QTcpSocket(self)
        self._socket.setProxy(QtNetwork.QNetworkProxy(QtNetwork.QNetworkProxy.ProxyType.NoProxy))
        self._socket.setReadBufferSize(READ_AHEAD)
        self._socket.connected.connect(self._greet)
        self._socket.readyRead.connect(self._read)
        self._socket.bytesWritten.connect(self._wrote)
        self._socket.disconnected.connect(self._ended)
        error = getattr(self._socket, "errorOccurred", None)  # Qt 5.15 and later
        if error is not None:
            error.connect(self._ended)
        self._dialling.start()
        self._socket.connectToHost("127.0.0.1", server.port)
        self._tell_state()

    # The socket

    def _greet(self) -> None:
        assert self._web is not None
        self._socket.setSocketOption(QtNetwork.QAbstractSocket.SocketOption.LowDelayOption, 1)
        self._write(self._web.request())

    def _read(self) -> None:
        socket = self._socket
        if socket is None or self._web is None or socket is not self.sender():
            return
        data = bytes(socket.readAll())
        self._silent = 0
        if data:
            self._happen(self._web.receive(data))

    def _happen(self, events: list[Any]) -> None:
        for event in events:
            if self._web is None:
                return
            if isinstance(event, Binary):
                self._hear(event.payload)
            elif isinstance(event, Reply):
                self._write(event.data)
            elif isinstance(event, Opened):
                self.say(Hello(self.me, token=self._server.token))
            elif isinstance(event, Rejected):
                self.finder.pass_over(self._server)
                self._broken(Say("The Layerlift server refused the connection: {reason}", reason=event.reason))
            elif isinstance(event, Closed):
                self._broken(Say(CLOSE_CODES.get(event.code, "The connection to the Layerlift server broke.")))

    def _hear(self, payload: memoryview) -> None:
        try:
            message = self._connection.decode(payload)
        except RemoteProtocolError as error:
            self._broken(Say(error.problem.sentence))
            return
        assert self.action is not None
        if isinstance(message, Welcome):
            self.state, self._attempt, self._silent = "open", 0, 0
            self._dialling.stop()
            self._pinging.start()
            if self.finder.started(self._server):
                self._asking_again.start()
            self.action.connected(message)
        elif isinstance(message, Refused) and self.state == "dialling" and message.problem.retryable:
            # We greeted too late: Krita was busy for seconds (opening a file, starting). Or it is shutting down.
            self._broken(Say(message.problem.sentence))
        elif isinstance(message, Refused) and self.state == "dialling":
            # Versions that do not fit, a token that is not known: trying again would not help.
            remedy = Say(message.problem.remedy) if message.problem.remedy else None
            self._be_away(Trouble(Say(message.problem.sentence), remedy))
        else:
            self.action.heard(message)

    def _ask_again(self) -> None:
        if self.state != "open" or self.action is None:
            return
        if self.action.waiting:
            self._asking_again.start()
            return
        self.finder.adopt()
        self.close()
        self.open(start=False)

    def _wrote(self, _: int) -> None:
        self._tell_state()

    def _write(self, *parts: bytes | memoryview) -> None:
        for part in parts:
            self._socket.write(bytes(part))

    def _ping(self) -> None:
        self._silent += 1
        if self._silent > 2:
            self._broken(Say("The Layerlift server does not answer."))
        elif self._web is not None and self._web.state == "open":
            self._write(self._web.ping())

    # Endings

    def _ended(self, *_: object) -> None:
        if self._socket is not None and self._socket is self.sender():
            if self.state == "dialling" and self._web is not None and self._web.state == "connecting":
                self.finder.pass_over(self._server)
            self._broken(Say("The connection to the Layerlift server broke."))

    def _broken(self, sentence: Say) -> None:
        self._hang_up()
        if self._attempt >= len(BACKOFF):
            self._be_away(Trouble(sentence, Say("Try again; if that does not help, run “layerlift doctor”.")))
            return
        self.state = "pausing"
        self._returning.start(BACKOFF[self._attempt])
        self._attempt += 1
        # Whoever waits for something wants the server back, even if somebody else ended it.
        self._start = self._start or (self.action is not None and self.action.waiting)
        if self.action is not None:
            self.action.lost(None)

    def _be_away(self, trouble: Trouble | None) -> None:
        self._hang_up()
        self.state, self._start, self._attempt = "away", False, 0
        if self.action is not None:
            self.action.lost(trouble)

    def _hang_up(self) -> None:
        self._dialling.stop()
        self._pinging.stop()
        socket, self._socket, self._web = self._socket, None, None
        if socket is not None:
            socket.blockSignals(True)
            socket.abort()
            socket.deleteLater()

    def _tell_state(self) -> None:
        if self.action is not None:
            self.action.listener.changed()
