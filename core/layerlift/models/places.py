"""Where models are looked for and where downloads go. Law: names folders; looks into none, changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODELS: Final = "LAYERLIFT_MODELS"
COMFYUI: Final = "LAYERLIFT_COMFYUI"


@dataclass(frozen=True)
class Places:
    """`ours`: Layerlift's folders, the first takes downloads; `hub`: the Hugging Face cache; `comfyui`: folders of a
    ComfyUI that hold diffusion models. None of them need exist."""

    ours: tuple[Path, ...]
    hub: Path
    comfyui: tuple[Path, ...]

    @property
    def target(self) -> Path:
        """Where downloads go."""
        return self.ours[0]


def places(environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None) -> Places:
    """For this user: LAYERLIFT_MODELS before the platform's place for a user's data; HF_HUB_CACHE or HF_HOME as the
    hub's own library reads them; LAYERLIFT_COMFYUI before where its installers put it."""
    home = home or Path.home()
    own = _data(environ, platform, home) / "models"
    given = environ.get(MODELS)
    ours = (Path(given).expanduser(), own) if given else (own,)
    return Places(ours, _hub(environ, home), tuple(_comfyui(environ, home)))


def _data(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "layerlift"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "layerlift"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "layerlift"


def _hub(environ: Mapping[str, str], home: Path) -> Path:
    """huggingface_hub.constants, HF_HUB_CACHE."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environ.get(name):
            return Path(environ[name]).expanduser()
    cache = environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(environ.get("HF_HOME") or Path(cache) / "huggingface").expanduser() / "hub"


def _comfyui(environ: Mapping[str, str], home: Path) -> list[Path]:
    given = environ.get(COMFYUI)
    portable = Path("ComfyUI_windows_portable", "ComfyUI")
    roots = [Path(given).expanduser()] if given else [home / "ComfyUI", home / "Documents" / "ComfyUI", home / portable]
    return [root / "models" / kind for root in roots for kind in ("diffusion_models", "unet")]
