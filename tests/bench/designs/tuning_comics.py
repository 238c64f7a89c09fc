"""The comics page of the tuning half. Law: as `tuning_posters`."""

from __future__ import annotations

from . import shapes as s
from .kit import Kit
from .paints import gradient, mixed
from .scene import Outline, Scene


def comics(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.one([kit.light, (250, 248, 240), (255, 255, 255)]), "Paper")
    m, g = 0.03 * w, 0.022 * w
    split = kit.between(0.4, 0.6)
    rows = [[(m, w - m)], [(m, m + split * (w - 2 * m) - g / 2), (m + split * (w - 2 * m) + g / 2, w - m)]]
    if kit.chance(0.5):
        rows.reverse()
    top, height = m, (h - 2 * m - g) / 2
    for row in rows:
        for x0, x1 in row:
            tint = kit.contrasting(kit.light, [*kit.accents, mixed(kit.accents[0], kit.light, 0.5)], 18)
            paint = gradient(mixed(tint, kit.light, 0.35), tint) if kit.chance(0.6) else tint
            scene.shape("Panel", s.rect(x0, top, x1 - x0, height), paint, outline=Outline(5, (20, 20, 20)))
            pw = x1 - x0
            if kit.chance(0.4):
                rays = s.many(s.sector((x0 + x1) / 2, top + 0.6 * height, w, 0, a, a + 12) for a in range(0, 360, 30))
                frame = s.rect(x0 + 3, top + 3, pw - 6, height - 6)
                scene.shape("Rays", rays.intersection(frame), mixed(tint, (255, 255, 255), 0.55))
            bx, by, bw, bh = x0 + 0.07 * pw, top + 0.06 * height, 0.5 * pw, 0.28 * height
            sx, sy = x0 + 0.68 * pw, top + 0.64 * height
            kit.subject(scene, sx, sy, 0.62 * min(pw, height))
            cloud = s.bubble(bx, by, bw, bh, (x0 + 0.5 * pw, top + 0.46 * height), oval=kit.chance(0.5))
            scene.shape("Bubble", cloud, (255, 255, 255), outline=Outline(4, (20, 20, 20)))
            kit.write(
                scene,
                kit.one(kit.words.shouts + kit.words.buttons),
                bx + bw / 2,
                by + bh / 2,
                min(0.45 * bh, 0.14 * bw),
                use="bold",
                anchor="cm",
                paint=(25, 25, 25),
            )
        top += height + g
