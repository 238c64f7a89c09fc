"""The models that Layerlift can use: where they come from, in which forms, how large, under which licence.

Law: data only. Repositories, revisions and sizes were read from public pages and from projects that pin them, agreeing
with each other; no file was fetched to check them. A revision that nobody pins in public is "main": the hub's own list
of files (names, sizes, SHA-256) is then taken at the time of the download and kept with it. `models verify` compares
with that list.
"""

from __future__ import annotations

from typing import Final

from layerlift.errors import RequestError
from layerlift.models import fingerprints
from layerlift.models.model import Family, Model, Part, Variant

_AROUND: Final = 274_000_000
"""VAE (253.8 MB), tokenizer, processor, configurations."""
_ENCODER: Final = 16_584_415_000
_TRANSFORMER: Final = 40_861_200_000
_CONFIGURATIONS = ("model_index.json", "scheduler/*", "tokenizer/*", "processor/*", "vae/*", "*/config.json")
_NF4_ENCODER = Part(
    "OzzyGT/qwen-image-layered-bnb-4bit-text-encoder",
    "main",
    ("*.json", "*.safetensors"),
    6_300_000_000,
    into="text_encoder-nf4",
    component="text_encoder",
    exact=False,
)


def _qwen(
    name: str, title: str, family: Family, repo: str, revision: str, quantised: tuple[Part, ...], comfy: str
) -> Model:
    around = Part(repo, revision, _CONFIGURATIONS, _AROUND, exact=False)
    encoder = Part(repo, revision, ("text_encoder/*",), _ENCODER, "text_encoder", "text_encoder", "text_encoder")
    transformer = Part(
        repo,
        revision,
        ("transformer/*",),
        _TRANSFORMER,
        "transformer",
        "transformer",
        "transformer",
        elsewhere=(f"{comfy}_bf16.safetensors",),
    )
    variants = [
        Variant("bf16", "as published, 16 bits", (around, encoder, transformer)),
        Variant("bf16-nf4", "as published, the text encoder in NF4", (around, _NF4_ENCODER, transformer)),
    ]
    for part in quantised:
        level = part.into.removeprefix("transformer-")
        words = "NF4, for bitsandbytes" if level == "nf4" else f"GGUF, {_LEVELS[level]} bits"
        variants.append(Variant(level, words, (around, _NF4_ENCODER if level == "nf4" else encoder, part)))
    group = "Qwen-Image-Layered" if family == "layered" else "Qwen-Image"
    licence = f"https://github.com/QwenLM/{group}/blob/main/LICENSE"
    return Model(name, title, family, repo, revision, "Apache-2.0", licence, tuple(variants))


_LEVELS = {"gguf-q8": "8", "gguf-q6": "6", "gguf-q5": "5", "gguf-q4": "4", "gguf-q3": "3"}


def _gguf(repo: str, revision: str, level: str, file: str, size: int, *, exact: bool = True) -> Part:
    bare = file.rsplit("/", 1)[-1]
    names = () if "*" in bare else (bare,)
    into = f"transformer-gguf-{level}"
    sha256 = fingerprints.known(repo, file)
    return Part(repo, revision, (file,), size, into, "", "transformer", exact, names, sha256)


def _nf4(repo: str, revision: str, under: str = "") -> Part:
    pattern = f"{under}/" if under else ""
    files = (f"{pattern}*.json", f"{pattern}*.safetensors")
    return Part(repo, revision, files, 11_700_000_000, "transformer-nf4", under, "transformer", exact=False)


_L, _L_AT = "unsloth/Qwen-Image-Layered-GGUF", "main"
_E, _E_AT = "unsloth/Qwen-Image-Edit-2511-GGUF", "0d33d9692b4b26212297240d87b0d4719aa4fd06"
_I, _I_AT = "unsloth/Qwen-Image-2512-GGUF", "1626d7531f84b4d2ea1cd6d2e69f41ec027dd354"

LAYERED: Final = _qwen(
    "qwen-image-layered",
    "Qwen-Image-Layered: a picture into layers",
    "layered",
    "Qwen/Qwen-Image-Layered",
    "8f0ca708dfff6ba1dd5f2d85d78f8c108a040bcf",
    (
        _gguf(_L, _L_AT, "q8", "qwen-image-layered-Q8_0.gguf", 21_761_829_504),
        _gguf(_L, _L_AT, "q6", "qwen-image-layered-Q6_K.gguf", 16_852_429_440),
        _gguf(_L, _L_AT, "q5", "qwen-image-layered-Q5_K_M.gguf", 15_027_513_984),
        _gguf(_L, _L_AT, "q4", "qwen-image-layered-Q4_K_M.gguf", 13_244_770_944),
        _nf4("OzzyGT/qwen-image-layered-bnb-4bit-transformer", "main"),
        _gguf("QuantStack/Qwen-Image-Layered-GGUF", "main", "q3", "*Q3_K_M.gguf", 9_700_000_000, exact=False),
    ),
    "qwen_image_layered",
)
EDIT: Final = _qwen(
    "qwen-image-edit-2511",
    "Qwen-Image-Edit-2511: change a picture by words",
    "edit",
    "Qwen/Qwen-Image-Edit-2511",
    "6f3ccc0b56e431dc6a0c2b2039706d7d26f22cb9",
    (
        _gguf(_E, _E_AT, "q8", "qwen-image-edit-2511-Q8_0.gguf", 21_761_817_184),
        _gguf(_E, _E_AT, "q6", "qwen-image-edit-2511-Q6_K.gguf", 16_852_417_120),
        _gguf(_E, _E_AT, "q5", "qwen-image-edit-2511-Q5_K_M.gguf", 15_027_501_664),
        _gguf(_E, _E_AT, "q4", "qwen-image-edit-2511-Q4_K_M.gguf", 13_244_758_624),
        _nf4("ovedrive/Qwen-Image-Edit-2511-4bit", "4104233c114f9b7b2e9c235d72ae4d216720aaac", "transformer"),
        _gguf(_E, _E_AT, "q3", "qwen-image-edit-2511-Q3_K_M.gguf", 9_920_000_000, exact=False),
    ),
    "qwen_image_edit_2511",
)
IMAGE: Final = _qwen(
    "qwen-image-2512",
    "Qwen-Image-2512: a picture from words",
    "image",
    "Qwen/Qwen-Image-2512",
    "25468b98e3276ca6700de15c6628e51b7de54a26",
    (
        _gguf(_I, _I_AT, "q8", "qwen-image-2512-Q8_0.gguf", 21_761_817_120),
        _gguf(_I, _I_AT, "q6", "qwen-image-2512-Q6_K.gguf", 16_824_990_240),
        _gguf(_I, _I_AT, "q5", "qwen-image-2512-Q5_K_M.gguf", 15_000_074_784),
        _gguf(_I, _I_AT, "q4", "qwen-image-2512-Q4_K_M.gguf", 13_244_758_560),
        _nf4("unsloth/Qwen-Image-2512-unsloth-bnb-4bit", "f50b8c24fe21e9265509b15113b7cca82d0a4443", "transformer"),
        _gguf(_I, _I_AT, "q3", "qwen-image-2512-Q3_K_M.gguf", 9_930_000_000, exact=False),
    ),
    "qwen_image_2512",
)


def _onnx(variant: str, title: str, repo: str, revision: str, file: str, size: int, *, exact: bool = True) -> Variant:
    under = file.rpartition("/")[0]
    sha256 = fingerprints.known(repo, file)
    return Variant(variant, title, (Part(repo, revision, (file,), size, variant, under, "onnx", exact, (), sha256),))


_LITE, _LITE_AT = "onnx-community/BiRefNet_lite-ONNX", "de15b22ba131738a16dff04aab8bdf8dc32e3ac1"
_FULL, _FULL_AT = "onnx-community/BiRefNet-ONNX", "534d3c82d3bb8b2f0867db6dfbc3a525b8e42f67"

BIREFNET: Final = Model(
    "birefnet",
    "BiRefNet: what stands in front, with its soft edge",
    "matting",
    "ZhengPeng7/BiRefNet",
    _FULL_AT,
    "MIT",
    "https://github.com/ZhengPeng7/BiRefNet/blob/main/LICENSE",
    (
        _onnx("lite", "small: usable on a processor", _LITE, _LITE_AT, "onnx/model.onnx", 224_005_088),
        _onnx("lite-fp16", "small, 16 bits: for graphics cards", _LITE, _LITE_AT, "onnx/model_fp16.onnx", 114_538_221),
        _onnx("fp32", "the best", _FULL, _FULL_AT, "onnx/model.onnx", 972_666_916),
        _onnx("fp16", "16 bits: for graphics cards", _FULL, _FULL_AT, "onnx/model_fp16.onnx", 490_000_000, exact=False),
    ),
)
LAMA: Final = Model(
    "lama",
    "LaMa: what is behind a thing that was taken away",
    "inpainting",
    "Carve/LaMa-ONNX",
    "c3c0c9e468934d62e79c329e35d82dd09ff8c444",
    "Apache-2.0; weights trained on Places2",
    "https://github.com/advimman/lama/blob/main/LICENSE",
    (
        _onnx(
            "fp32",
            "as published",
            "Carve/LaMa-ONNX",
            "c3c0c9e468934d62e79c329e35d82dd09ff8c444",
            "lama_fp32.onnx",
            208_044_816,
        ),
    ),
)

MODELS: Final = (LAYERED, EDIT, IMAGE, BIREFNET, LAMA)


def get(name: str) -> Model:
    """The model called `name` (or by its family: "layered"). Raises RequestError for one that is not known."""
    for model in MODELS:
        if name in (model.name, model.family):
            return model
    known = ", ".join(model.name for model in MODELS)
    raise RequestError(f"There is no model called “{name}”.", f"Known models: {known}.")


def variant(model: Model, name: str) -> Variant:
    """The variant called `name`. Raises RequestError for one that the model does not have."""
    found = model.variant(name)
    if found is None:
        known = ", ".join(variant.name for variant in model.variants)
        raise RequestError(f"{model.name} does not come as “{name}”.", f"It comes as: {known}.")
    return found
