"""Repositories as the hub has them, small: right names and formats, contents of no use."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path

from layerlift.models import catalogue

_VAE = "vae/diffusion_pytorch_model.safetensors"


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that no compression shortens and no two seeds share."""
    return random.Random(seed).randbytes(size)


def safetensors(size: int, seed: int = 1) -> bytes:
    """A sound safetensors file with one tensor of `size` bytes."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + noise(size, seed)


def gguf(size: int, seed: int = 1) -> bytes:
    """A file that begins as a GGUF does."""
    return b"GGUF" + noise(size - 4, seed)


def pipeline(kind: str = "QwenImageLayeredPipeline", size: int = 200_000) -> dict[str, bytes]:
    """A repository in diffusers layout: the transformer in two shards with an index."""
    shards = {f"w{n}": f"diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)}
    index = json.dumps({"metadata": {}, "weight_map": shards}).encode()
    return {
        "README.md": b"# not wanted",
        "model_index.json": json.dumps({"_class_name": kind}).encode(),
        "scheduler/scheduler_config.json": b"{}",
        "tokenizer/tokenizer_config.json": b"{}",
        "tokenizer/vocab.json": noise(50_000, 2).hex().encode(),
        "processor/preprocessor_config.json": b"{}",
        "vae/config.json": b"{}",
        _VAE: safetensors(20_000, 3),
        "text_encoder/config.json": b"{}",
        "text_encoder/model.safetensors": safetensors(size, 4),
        "transformer/config.json": b'{"num_layers": 60}',
        "transformer/diffusion_pytorch_model.safetensors.index.json": index,
        **{f"transformer/{name}": safetensors(size, 5 + n) for n, name in enumerate(shards.values())},
    }


def gguf_repo(variant: str = "gguf-q4", size: int = 300_000) -> tuple[str, dict[str, bytes]]:
    """The layered model's GGUF repository with one level."""
    found = catalogue.variant(catalogue.LAYERED, variant)
    part = found.parts[-1]
    return part.repo, {part.files[0].lstrip("*"): gguf(size, 9), "README.md": b"# not wanted"}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def in_cache(hub: Path, repo: str, revision: str, files: dict[str, bytes]) -> Path:
    """As huggingface_hub keeps it: blobs by content, snapshots that link to them, refs."""
    repository = hub / f"models--{repo.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(revision)
    for name, data in files.items():
        blob = repository / "blobs" / hashlib.sha256(data).hexdigest()
        link = repository / "snapshots" / revision / name
        link.parent.mkdir(parents=True, exist_ok=True)
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(data)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return repository / "snapshots" / revision
