"""Figures in Prometheus' text format.

Law: numbers in, text out (Prometheus exposition formats, text format 0.0.4). Knows nobody who counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "layerlift_"


def exposition(gauges: Mapping[str, float], counters: Mapping[tuple[str, str], float]) -> str:
    """`gauges` by name (one that ends in "total" is a counter that somebody else keeps), `counters` by name and label
    ("why", left out when empty)."""
    lines: list[str] = []
    for name, value in sorted(gauges.items()):
        kind = "counter" if _spelled(name).endswith("_total") else "gauge"
        lines += [f"# TYPE {_spelled(name)} {kind}", f"{_spelled(name)} {_number(value)}"]
    last = ""
    for (name, why), value in sorted(counters.items()):
        spelled = _spelled(name) + "_total"
        if spelled != last:
            lines.append(f"# TYPE {spelled} counter")
            last = spelled
        label = f'{{why="{_escaped(why)}"}}' if why else ""
        lines.append(f"{spelled}{label} {_number(value)}")
    return "\n".join(lines) + "\n"


def _spelled(name: str) -> str:
    return _PREFIX + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(float(value))
