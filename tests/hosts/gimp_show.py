"""Runs inside GIMP 3's batch Python, in a folder of pictures: writes what GIMP shows of each.

X.png is the flattened picture; X.json its size, precision and profile and the layer tree.
"""

import json
from pathlib import Path

from gi.repository import Gimp, Gio


def described(layer):
    _, x, y = layer.get_offsets()
    found = {
        "name": layer.get_name(),
        "opacity": layer.get_opacity(),
        "passes": layer.get_mode() == Gimp.LayerMode.PASS_THROUGH,
        "perceptual": layer.get_composite_space() == Gimp.LayerColorSpace.RGB_PERCEPTUAL,
        "bounds": [x, y, layer.get_width(), layer.get_height()],
    }
    if layer.is_group():
        found["children"] = [described(child) for child in layer.get_children()]
    return found


for source in sorted(str(path) for path in Path().iterdir() if path.suffix in (".psd", ".psb", ".ora")):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(source))
    profile = image.get_effective_color_profile()
    about = {
        "size": [image.get_width(), image.get_height()],
        "deep": image.get_precision() == Gimp.Precision.U16_NON_LINEAR,
        "profile": profile.get_description(),
        "layers": [described(layer) for layer in image.get_layers()],
    }
    Path(source + ".json").write_text(json.dumps(about))
    image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(source + ".png"), None)
    image.delete()
