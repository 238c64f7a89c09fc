"""SHA-256 of single files at pinned revisions: what comes under these names must be these bytes, whoever gives them.

Law: data only. Read from public pages and from projects that pin them; not computed here, as no file was fetched.
"""

from __future__ import annotations

from typing import Final

_KNOWN: Final = {
    "unsloth/Qwen-Image-2512-GGUF": {
        "qwen-image-2512-Q8_0.gguf": "e285a0692582acf09bb4086d9b120eb0e357c4386565d169a033cb968c6fa9a5",
        "qwen-image-2512-Q6_K.gguf": "58c7fcea3d29eaee4dbe77041764a7de3ffe449f9758c8bc459f0b22a09536cf",
        "qwen-image-2512-Q5_K_M.gguf": "e9ea2c513cf25645829fcccbd0882e821b858f4fabfb48ae1b5f103da68ecd0f",
        "qwen-image-2512-Q4_K_M.gguf": "b2a5f6249eb58ee10c9e2ce8cb1114b89897db23de2fdf7dc49140800aa928fc",
    },
    "unsloth/Qwen-Image-Edit-2511-GGUF": {
        "qwen-image-edit-2511-Q8_0.gguf": "ab4f0622fb002fccaaa679a2ecce6fd1b3190d8ea28a5b7b2b17b8669bc24afa",
        "qwen-image-edit-2511-Q6_K.gguf": "fdc28e5b8f7d9cfe0399fd1700c375f25f000fc4159bbdb0d4a809ae898eb759",
        "qwen-image-edit-2511-Q5_K_M.gguf": "c257def934d25562e1dcb7e8710eb5457a23c1ae7218f7a5ea3174e773421d29",
        "qwen-image-edit-2511-Q4_K_M.gguf": "8677bac90627adbbc11efab87b1870e701c4eb3689ee865a3de8ab81b705a723",
    },
    "onnx-community/BiRefNet_lite-ONNX": {
        "onnx/model.onnx": "5600024376f572a557870a5eb0afb1e5961636bef4e1e22132025467d0f03333",
        "onnx/model_fp16.onnx": "d39b897ceb16ae654c1731f3dba0cf9b368d9cae74b5a57459b455cc8bfec402",
    },
    "onnx-community/BiRefNet-ONNX": {
        "onnx/model.onnx": "58f621f00f5d756097615970a88a791584600dcf7c45b18a0a6267535a1ebd3c",
        "onnx/model_fp16.onnx": "3654c741eb80bd926ada8fed1713b506ccf8d30eb1f6487e87eb9f234f33df09",
    },
    "Carve/LaMa-ONNX": {
        "lama_fp32.onnx": "1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6",
    },
}


def known(repo: str, file: str) -> str:
    """The file's SHA-256 in hexadecimal, or ""."""
    return _KNOWN.get(repo, {}).get(file, "")
