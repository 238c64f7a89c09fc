"""The floor plan as data: who may know whom, and where each foreign library lives.

A module may import its own floor and those named beside it, nothing else of ours; a foreign library only in the files
named for it. Function-level imports count too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    ROOT / "core" / "layerlift",
    ROOT / "server" / "layerlift_server",
    ROOT / "installer" / "layerlift_installer",
    ROOT / "plugins" / "krita" / "layerlift_krita",
)

# floor: the floors it may know (beyond itself). Longest matching prefix decides where a module lives. "=name": that
# module alone, nothing below it.
FLOORS: dict[str, set[str]] = {
    "layerlift.errors": set(),
    "layerlift.limits": set(),
    "layerlift.progress": {"layerlift.errors"},
    "layerlift.imaging": {"layerlift.errors", "layerlift.limits"},
    "layerlift.engines.port": {"layerlift.imaging", "layerlift.progress"},
    "layerlift.engines": {
        "layerlift.engines.port",
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.progress",
        "layerlift.imaging",
    },
    # the real models: what they are, what fits where, how they get here; loads none
    "layerlift.models": {"layerlift.errors", "layerlift.limits", "layerlift.progress"},
    "layerlift.engines.qwen": {
        "layerlift.engines.port",
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.models",
        "layerlift.progress",
        "layerlift.imaging",
    },
    # others' servers draw: what goes there and comes back is prepared as for our own
    "layerlift.engines.remote": {
        "layerlift.engines.port",
        "layerlift.engines.qwen.family.canvas",
        "layerlift.engines.qwen.family.ground",
        "layerlift.engines.qwen.family.matte",
        "layerlift.engines.qwen.tidy",
        "layerlift.errors",
        "layerlift.imaging",
        "layerlift.limits",
        "layerlift.progress",
    },
    "layerlift.engines.layerd": {
        "layerlift.engines.port",
        "layerlift.engines.quick.filling",
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.models",
        "layerlift.progress",
        "layerlift.imaging",
    },
    "layerlift.operations": {
        "layerlift.decomposition",
        "layerlift.engines",
        "layerlift.errors",
        "layerlift.formats",
        "layerlift.imaging",
        "layerlift.limits",
        "layerlift.merge",
        "layerlift.progress",
        "layerlift.prune",
        "layerlift.refine",
    },
    "layerlift.refine": {"layerlift.errors", "layerlift.limits", "layerlift.progress", "layerlift.imaging"},
    "layerlift.formats": {"layerlift.errors", "layerlift.limits", "layerlift.progress", "layerlift.imaging"},
    "layerlift.merge": {"layerlift.imaging"},
    "layerlift.prune": {"layerlift.imaging"},
    "layerlift.preview": {"layerlift.errors", "layerlift.imaging"},
    "layerlift.decomposition": {
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.progress",
        "layerlift.imaging",
        "layerlift.engines",
        "layerlift.formats",
        "layerlift.refine",
        "layerlift.merge",
        "layerlift.prune",
    },
    # the protocol knows nobody, so that it can live inside any host
    "layerlift.wire": set(),
    "layerlift.client": {
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.progress",
        "layerlift.imaging",
        "layerlift.wire",
    },
    "layerlift.cli": {"layerlift", "layerlift_installer", "layerlift_server"},
    "layerlift.__main__": {"layerlift.cli"},
    "layerlift": {
        "layerlift.decomposition",
        "layerlift.errors",
        "layerlift.formats",
        "layerlift.imaging",
        "layerlift.progress",
    },
    # the serving process: never an engine, never a picture library; what computes lives in the worker
    "layerlift_server.worker": {"layerlift", "layerlift_server.jobs.arena"},
    "layerlift_server.jobs": {
        "layerlift.errors",
        "layerlift.limits",
        "layerlift.wire",
        "layerlift_server.jobs.port",
        "layerlift_server.security.private_files",
        "layerlift_server.worker",
    },
    "layerlift_server.security.private_files": set(),
    "layerlift_server.jobs.port": {"layerlift.wire"},
    "layerlift_server.limits": set(),
    "layerlift_server.problems": {"layerlift.wire"},
    "layerlift_server.settings": {"layerlift.wire", "layerlift_server.limits"},
    "layerlift_server.security": {
        "layerlift.errors",
        "layerlift.wire",
        "layerlift_server.jobs.port",
        "layerlift_server.limits",
        "layerlift_server.problems",
        "layerlift_server.security.private_files",
        "layerlift_server.settings",
    },
    "layerlift_server.observe": {"layerlift.wire", "layerlift_server.security.names"},
    # sessions know no HTTP; HTTP hands sockets over and knows no conversation
    "layerlift_server.sockets": {
        "layerlift.wire",
        "layerlift_server.jobs.port",
        "layerlift_server.limits",
        "layerlift_server.observe",
        "layerlift_server.problems",
        "layerlift_server.security",
    },
    "layerlift_server.http": {
        "layerlift.wire",
        "layerlift_server.jobs.port",
        "layerlift_server.limits",
        "layerlift_server.observe",
        "layerlift_server.security",
        "layerlift_server.sockets",
    },
    # another process than the server's: it may look at engines
    "layerlift_server.doctor": {
        "layerlift.engines",
        "layerlift.errors",
        "layerlift.models",
        "=layerlift",
        "layerlift.wire",
        "layerlift_server",
    },
    "layerlift_server.cluster": {"=layerlift", "layerlift.errors", "layerlift.wire", "layerlift_server.worker"},
    "layerlift_server": {"=layerlift", "layerlift.errors", "layerlift.wire", "layerlift_server"},
    "layerlift_installer": {"layerlift.client", "layerlift.errors", "layerlift.wire"},
    # a plug-in knows the protocol and nothing else of ours: it is vendored into a host without Layerlift. Its action
    # knows no host and no toolkit; only `host` imports the host, only `qt` the toolkit.
    "layerlift_krita.action": {"layerlift.wire"},
    "layerlift_krita.host": {
        "=layerlift_krita",
        "layerlift.wire",
        "layerlift_krita.action",
        "layerlift_krita.i18n",
        "layerlift_krita.qt",
    },
    "layerlift_krita.client": {"=layerlift_krita", "layerlift.wire", "layerlift_krita.action", "layerlift_krita.qt"},
    "layerlift_krita": {"layerlift.wire", "layerlift_krita"},
}

# foreign library: the only files (relative to their package) that may import it. numpy and cv2 are the ground floor.
ROOMS: dict[str, set[str]] = {
    "PIL": {
        "imaging/colour.py",
        "formats/picture.py",
        "formats/picture_modes.py",
        "formats/picture_deep.py",
        "formats/picture_tiff.py",
        "preview/",
        "engines/qwen/",
    },
    "onnxruntime": {"engines/quick/cutouts/saliency.py", "engines/layerd/"},
    "rapidocr": {"engines/quick/ocr.py"},
    "pptx": {"formats/pptx.py"},
    "torch": {"engines/qwen/", "refine/torches/device.py"},
    "diffusers": {"engines/qwen/"},
    "transformers": {"engines/qwen/"},
    "accelerate": {"engines/qwen/"},
    "safetensors": {"engines/qwen/running/"},
    "gguf": {"engines/qwen/running/"},
    "huggingface_hub": {"models/"},
    "ray": {"cluster/"},
    "rich": {"cli/"},
    "aiohttp": {"app.py", "doctor/program.py", "sockets/transport.py", "http/middleware.py", "http/routes.py"},
    "cryptography": {"security/certificate.py"},
    "krita": {"__init__.py", "host/"},
    "pykrita": {"qt.py"},
    "PyQt5": {"qt.py"},
    "PyQt6": {"qt.py"},
}
GROUND = {"numpy", "cv2"}
STDLIB_ONLY = ("errors.py", "limits.py", "progress.py", "imaging/geometry.py", "wire/")
BANNED = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
LONGEST, MEDIAN = 300, 150


def modules() -> list[tuple[str, Path]]:
    named = []
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            named.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return named


def imports(path: Path) -> set[str]:
    """Every module that a file imports at run time; blocks under TYPE_CHECKING are no knowledge at run time."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & KNOWN
            found.update(inner or {node.module or ""})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def within(inside: str, rooms: Iterable[str]) -> bool:
    return any(inside == room or (room.endswith("/") and inside.startswith(room)) for room in rooms)


def within_floor(module: str, floor: str) -> bool:
    return module == floor or module.startswith(floor + ".")


def floor_of(module: str) -> str:
    fits = [floor for floor in FLOORS if within_floor(module, floor)]
    return max(fits, key=len)


KNOWN = {name for name, _ in modules()}


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda v: v if isinstance(v, str) else "")
def test_every_module_keeps_to_its_floor(module: str, path: Path) -> None:
    home = floor_of(module)
    for name in imports(path) & KNOWN:
        target = floor_of(name)
        allowed = target == home or any(f"={name}" == floor or within_floor(name, floor) for floor in FLOORS[home])
        assert allowed, f"{module} ({home}) may not know {name} ({target})"


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda v: v if isinstance(v, str) else "")
def test_foreign_libraries_stay_in_their_rooms(module: str, path: Path) -> None:
    package = next(package for package in PACKAGES if package in path.parents)
    inside = path.relative_to(package).as_posix()
    for name in imports(path):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top in {package.name for package in PACKAGES} | {""}:
            continue
        assert not within(inside, STDLIB_ONLY), f"{inside} is stdlib only but imports {top}"
        if top in GROUND:
            continue
        assert top in ROOMS, f"{inside} imports {top}, which has no room"
        assert within(inside, ROOMS[top]), f"{inside} imports {top}; its room is {sorted(ROOMS[top])}"


def test_no_circles_between_modules() -> None:
    graph = {name: imports(path) & KNOWN - {name} for name, path in modules()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in sorted(graph[name]):
                # a package's __init__ and its own submodules: the parent is loaded first by Python itself
                if not name.startswith(target + "."):
                    walk(target, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for _, path in modules()}
    longest = max(lengths, key=lengths.__getitem__)
    assert lengths[longest] <= LONGEST, f"{longest.name}: {lengths[longest]} lines"
    assert sorted(lengths.values())[len(lengths) // 2] <= MEDIAN


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda v: v if isinstance(v, str) else "")
def test_every_file_opens_with_its_law_and_has_a_real_name(module: str, path: Path) -> None:
    document = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert document, f"{path} does not say what it knows"
    assert not BANNED & set(module.split(".")), f"{module}: name what it does"
