"""Runs in a process of its own with the Qt binding named on the command line: every widget and timer of the plug-in,
outside Krita, against the real sockets of Qt. Prints what it saw as JSON."""

import json
import os
import sys
import types

major, *paths = sys.argv[1:]
sys.path[:0] = paths
os.environ["QT_QPA_PLATFORM"] = "offscreen"
pykrita = types.ModuleType("pykrita")
pykrita.qt_major_version = lambda: int(major)
sys.modules["pykrita"] = pykrita

from layerlift_krita.qt import MAJOR, QAction, QtCore, QtWidgets, network  # noqa: E402

QtNetwork = network()

app = QtWidgets.QApplication([])


from layerlift.wire import frames, handshake, runtime  # noqa: E402
from layerlift.wire.messages import Refused, Welcome  # noqa: E402
from layerlift.wire.problems import problem  # noqa: E402
from layerlift.wire.runtime import ServerFile  # noqa: E402
from layerlift.wire.values import ClientInfo, EngineOffer, Limits  # noqa: E402
from layerlift_krita.action.action import Action  # noqa: E402
from layerlift_krita.action.ports import Say, ShowsThrough, Wish  # noqa: E402
from layerlift_krita.action.task import MOVES, Task  # noqa: E402
from layerlift_krita.client.link import ServerLink  # noqa: E402
from layerlift_krita.client.pump import Pump  # noqa: E402
from layerlift_krita.features import FEATURES  # noqa: E402
from layerlift_krita.menus import ContextMenus  # noqa: E402
from layerlift_krita.panel.asking import Further, ask_further  # noqa: E402
from layerlift_krita.panel.dialog import ask  # noqa: E402
from layerlift_krita.panel.panel import Panel  # noqa: E402
from layerlift_krita.settings import Choice, Settings  # noqa: E402
from plugins.krita.fakes import FakeHost, FakePlace  # noqa: E402

seen = {"major": MAJOR, "binding": QtCore.__name__.split(".")[0]}
kept = {}


class Studio(QtCore.QObject):
    def __init__(self):
        super().__init__()
        self.settings = Settings(lambda name, default: kept.get(name, default), kept.__setitem__)
        self.link = ServerLink(ClientInfo("test", "1"), self)
        self.action = Action(FakeHost(), self.link, self)
        self.link.action = self.action
        self.pump = Pump(self.action, self)
        self.watchers, self.words, self.ran, self.asked = [], [], [], []

    def watch(self, watcher):
        self.watchers.append(watcher)

    def unwatch(self, watcher):
        self.watchers.remove(watcher)

    def changed(self):
        self.pump.wake()
        for watcher in self.watchers:
            watcher()

    def said(self, sentence, remedy, bad):
        self.words.append(str(sentence))

    def run(self, wish, place=None):
        self.ran.append(wish)

    def ask(self, owner, feature):
        self.asked.append(feature.name)


studio = Studio()
panel = Panel(studio)
panel.resize(260, 600)
panel.show()

# every state of a task can be shown
for state in MOVES:
    task = Task(Wish(), FakePlace("A layer with “quotes” & <tags> 🎨"), state=state)
    task.trouble = Say("The result is ready") if state in ("failed", "kept") else None
    task.notes = [ShowsThrough("Hide “{name}” to see the result alone: it shows through.", name="x")]
    studio.action.tasks.append(task)
studio.changed()
seen["rows"] = len(panel.rows)
seen["buttons"] = sorted({name for row in panel.rows.values() for name, b in row.buttons.items() if not b.isHidden()})
studio.action.tasks.clear()
studio.changed()

# the options are remembered, the button asks
panel.options.layers.setValue(4)
panel.go.click()
seen["choice"] = studio.settings.choice.layers
seen["ran"] = [wish.params.get("layers") for wish in studio.ran]
seen["edges"] = ["edges" in studio.ran[0].params]
panel.options.careful.click()
seen["edges"] += [studio.settings.choice.edges, panel.options.careful.text(), panel.options.careful.toolTip()]
dialog = ask(studio, panel)
dialog.findChild(QtWidgets.QDialogButtonBox).button(QtWidgets.QDialogButtonBox.StandardButton.Ok).click()
seen["asked"] = len(studio.ran)
seen["edges"].append(studio.ran[1].params["edges"])  # the dialog starts with what the panel says
studio.settings.choice = Choice()
studio.changed()
seen["edges"].append(panel.options.careful.isChecked())


# what else an engine can do: offered in the panel, asked in a dialog each
def offer(*operations):
    engines = tuple(EngineOffer(f"artist {n}", f"Artist {n}", operations, 9) for n in (1, 2))
    studio.action.welcome = Welcome(1, "test", 1, 1, engines, Limits(9, 9, 9, 9, 9), owner=True)
    studio.changed()


seen["more before"] = panel.more.isHidden()
offer("edit", "inpaint", "generate", "extend", "harmonise")
seen["more"] = [panel.more.isHidden(), *[action.objectName() for action in panel.more.menu().actions()]]
OK = QtWidgets.QDialogButtonBox.StandardButton.Ok
seen["wishes"] = {}
for feature in FEATURES:
    studio.ran.clear()
    dialog = ask_further(studio, panel, feature, (400, 300))
    box, begin = dialog.findChild(Further), dialog.findChild(QtWidgets.QDialogButtonBox).button(OK)
    at_once = begin.isEnabled()
    box.prompt.setText("  a red ball ")
    box.seed.setValue(7)
    if box.margins is not None:
        box.margins.aspect.setCurrentIndex(box.margins.aspect.findData("2:1"))
        seen["by aspect"] = box.margins.margins
        for side in box.margins.sides.values():
            side.setValue(0)
        seen["by nothing"] = [begin.isEnabled(), box.margins.aspect.currentIndex()]
        box.margins.sides["top"].setValue(30)
        seen["size"] = box.margins.result.text()
    if feature.name == "edit":
        box.scope.setCurrentIndex(1)
        box.engine.setCurrentIndex(2)
        box.fast.setChecked(True)
    if feature.name == "generate":
        box.apart.setChecked(True)
    begin.click()
    wish = studio.ran[0]
    seen["wishes"][feature.name] = [at_once, wish.operation, wish.scope, wish.engine, dict(wish.params)]
studio.ran.clear()
dialog = ask_further(studio, panel, FEATURES[3], (400, 300))
dialog.findChild(Further).prompt.setText("x")
dialog.findChild(Further).start.setChecked(True)
dialog.findChild(QtWidgets.QDialogButtonBox).button(OK).click()
seen["over"] = [studio.ran[0].scope, studio.ran[0].params["strength"], "width" in studio.ran[0].params]
panel.more.menu().actions()[0].trigger()
seen["from the panel"] = studio.asked
studio.action.welcome = None

# our action gets into Krita's menus, once
menu = QtWidgets.QMenu()
for name in ("layer_properties", "duplicatelayer", "merge_layer", "isolate_active_layer"):
    action = QAction(name, menu)
    action.setObjectName(name)
    menu.addAction(action)
mine = QAction("Mine", panel)
mine.setObjectName("mine")
menus = ContextMenus(lambda: [mine], list, panel)
app.installEventFilter(menus)
menu.popup(QtCore.QPoint(0, 0))
menus.fill(menu)
seen["menu"] = [action.text() for action in menu.actions()]
menu.close()


# the real server, over the real sockets: started by the link, then a whole job
def until(true, seconds=60):
    loop, clock = QtCore.QEventLoop(), QtCore.QElapsedTimer()
    clock.start()
    while not true() and clock.elapsed() < seconds * 1000:
        loop.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 50)
    return true()


studio.settings.choice = Choice()
task = studio.action.run(Wish(engine="fake", params={"layers": 3}))
seen["inserted"] = until(lambda: task.state in ("inserted", "failed"))
seen["state"], seen["trouble"] = task.state, str(task.trouble)
seen["pieces"] = len(studio.action.host.inserted[0][2]) if studio.action.host.inserted else 0
# a server that has just started names all its engines a little later
seen["engines"] = until(lambda: studio.action.welcome and len(studio.action.welcome.engines) > 1, 30)
seen["server"] = studio.action.welcome.server if studio.action.welcome else None
studio.link.close()
studio.action.lost(None)


# a server that hangs up, then finds our greeting late (Krita was busy for seconds), then is of another version
class Stranger(QtCore.QObject):
    def __init__(self):
        super().__init__()
        self.server = QtNetwork.QTcpServer(self)
        self.server.newConnection.connect(self.greet)
        self.server.listen(QtNetwork.QHostAddress("127.0.0.1"))
        self.sockets = []
        self.hellos = 0
        file = ServerFile(self.server.serverPort(), os.getpid(), "t" * 43, 9, "9.0")
        path = runtime.folder() / file.name
        path.write_text(file.text)
        path.chmod(0o600)

    def greet(self):
        socket = self.server.nextPendingConnection()
        self.sockets.append([socket, b""])
        socket.readyRead.connect(self.hear)

    def hear(self):
        for entry in self.sockets:
            socket = entry[0]
            entry[1] += bytes(socket.readAll())
            if entry[1] and len(self.sockets) == 1:
                entry[1] = b""
                socket.abort()
            elif entry[1].startswith(b"GET") and b"\r\n\r\n" in entry[1]:
                key = entry[1].split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0].decode()
                lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
                answer = [*lines, f"Sec-WebSocket-Accept: {handshake.acceptance(key)}", "", ""]
                socket.write("\r\n".join(answer).encode())
                entry[1] = b""
            elif entry[1]:
                self.hellos += 1
                late = problem("unauthorized", "Nothing was said in time.", "Connect again.", retryable=True)
                payload = frames.encode(Refused("hello", late if self.hellos == 1 else problem("version-too-old")))
                socket.write(bytes([0x82, 126]) + len(payload).to_bytes(2, "big") + payload)
                entry[1] = b""


stranger = Stranger()
studio.words.clear()
task = studio.action.run(Wish())
seen["refused"] = until(lambda: task.state == "failed", 30)
seen["hellos"], seen["calls"] = stranger.hellos, len(stranger.sockets)
seen["version"] = [str(task.trouble), str(task.remedy), studio.words]

panel.deleteLater()
app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
seen["watchers"] = len(studio.watchers)
studio.changed()
studio.link.close()
print(json.dumps(seen))
sys.stdout.flush()
os._exit(0)
