"""Stacks and failures as plain data for `--json`.

Law: pure; the shape is documented in docs/cli.md and the same as `stack.json` where both say the same.
"""

from __future__ import annotations

from typing import Any

from layerlift.errors import LayerliftError
from layerlift.imaging.layer import LayerStack
from layerlift.inspection import LayerFacts, facts


def stack_record(stack: LayerStack) -> dict[str, Any]:
    """Size, depth, profile, notes and layers (bottom first)."""
    from layerlift.imaging.colour import describe

    return {
        "size": [stack.extent.width, stack.extent.height],
        "depth": stack.depth,
        "profile": describe(stack.icc),
        "notes": list(stack.notes),
        "layers": [layer_record(each) for each in facts(stack)],
    }


def layer_record(layer: LayerFacts) -> dict[str, Any]:
    """One layer, without its pixels."""
    b = layer.bounds
    record: dict[str, Any] = {
        "name": layer.name,
        "role": str(layer.role),
        "group": list(layer.group),
        "bounds": {"x": b.x, "y": b.y, "width": b.width, "height": b.height},
        "coverage": round(layer.coverage, 6),
        "opacity": layer.opacity,
        "blend_mode": layer.blend_mode,
        "confidence": round(layer.confidence, 4),
    }
    if layer.text is not None:
        record["text"] = layer.text
    return record


def error_record(failure: Exception, explanation: str) -> dict[str, Any]:
    """A failure: its stable code, its sentence and its remedy."""
    if isinstance(failure, LayerliftError):
        return {"code": failure.code, "sentence": failure.sentence, "remedy": failure.remedy}
    return {"code": "unexpected", "sentence": explanation, "remedy": ""}
