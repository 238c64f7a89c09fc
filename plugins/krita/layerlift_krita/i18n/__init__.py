"""The user's language: English is the key, other tables lie beside this file, one a language.

Law: words only. Krita tells the language it was set to through LANGUAGE (it exports it at its start, from its own
setting); without it the system's locale decides.
"""

from __future__ import annotations

import importlib
import locale
import os
from functools import lru_cache

LANGUAGES = ("zh",)


def tr(text: str, **values: object) -> str:
    """`text` in the user's language, with `values` put in."""
    said = table(language()).get(text, text)
    return said.format(**values) if values else said


@lru_cache(maxsize=1)
def language() -> str:
    """The first of the user's languages that we speak; "en" otherwise."""
    wanted = os.environ.get("LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or _system()
    for name in wanted.split(":"):
        short = name.replace("-", "_").split("_")[0].split(".")[0].lower()
        if short in (*LANGUAGES, "en"):
            return short
    return "en"


def _system() -> str:
    try:
        return locale.getlocale()[0] or "en"
    except ValueError:
        return "en"


@lru_cache(maxsize=4)
def table(name: str) -> dict[str, str]:
    """The translations of a language; empty for English."""
    if name not in LANGUAGES:
        return {}
    return dict(importlib.import_module(f"{__name__}.{name}").WORDS)
