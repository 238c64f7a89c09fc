"""Several pipelines over one set of weights: image to image and inpainting beside the picture that was loaded.

Law: builds pipelines, loads nothing. A sibling holds the very modules of the loaded pipeline (no byte is copied), and
its scheduler too: they may not run at the same time. Where modules come and go (offloading) is the loaded one's affair;
a sibling knows of none of it.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from layerlift.errors import EngineError

Kind: TypeAlias = Literal["edit", "picture", "picture from picture", "inpaint"]

_CLASSES: dict[str, dict[Kind, str]] = {
    "QwenImageEditPlusPipeline": {"edit": "QwenImageEditPlusPipeline", "inpaint": "QwenImageEditInpaintPipeline"},
    "QwenImagePipeline": {
        "picture": "QwenImagePipeline",
        "picture from picture": "QwenImageImg2ImgPipeline",
        "inpaint": "QwenImageInpaintPipeline",
    },
}
"""What can be built over what was loaded."""


def sibling(loaded: Any, kind: Kind) -> Any:
    """A pipeline of `kind` over the modules of the pipeline `loaded`: itself where it is one.

    Raises EngineError when the loaded model cannot do that.
    """
    name = _CLASSES.get(type(loaded).__name__, {}).get(kind)
    if name is None:
        raise EngineError(f"The model {type(loaded).__name__} is not made for this.", "Choose another operation.")
    if name == type(loaded).__name__:
        return loaded
    import diffusers

    made = getattr(diffusers, name)(**loaded.components)
    made.set_progress_bar_config(disable=True)
    return made


def edits(loaded: Any) -> bool:
    """Whether the pipeline `loaded` sees pictures and takes orders (else it draws what words describe)."""
    return "edit" in _CLASSES.get(type(loaded).__name__, {})
