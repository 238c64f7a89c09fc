"""Layouts of the tuning half: windows, slides, infographics. Law: choices only; every pixel goes through the scene."""

from __future__ import annotations

from . import shapes as s
from .kit import Kit
from .paints import gradient, mixed
from .scene import Scene, Shadow


def window(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    if kit.chance(0.4):
        scene.background(kit.scenery(h, w), "Wallpaper")
    else:
        scene.background(gradient(kit.accents[0], kit.accents[1], kit.between(0, 90)), "Wallpaper")
    x, y, ww, wh = 0.07 * w, 0.07 * h, 0.86 * w, 0.84 * h
    paper = kit.one([(255, 255, 255), (250, 250, 252), mixed(kit.dark, (60, 60, 66), 0.5)])
    scene.shape("Window", s.rect(x, y, ww, wh, 12), paper, shadow=Shadow(0, 14, 18, 0.4))
    bar = 0.07 * h
    dim = mixed(paper, (128, 128, 128), 0.22)
    scene.shape("Title bar", s.rect(x, y, ww, bar, 12).union(s.rect(x, y + bar / 2, ww, bar / 2)), dim)
    dots = [s.ellipse(x + (0.022 + 0.022 * i) * w, y + bar / 2, 0.0105 * w) for i in range(3)]
    scene.shape("Window buttons", s.many(dots), kit.accent(dim))
    kit.write(scene, kit.one(kit.words.names), x + ww / 2, y + bar / 2, 0.4 * bar, anchor="cm", colourful=0)
    sw = 0.2 * ww
    side = kit.one([mixed(paper, kit.accents[0], 0.25), kit.dark, mixed(paper, (128, 128, 128), 0.12)])
    if sum(abs(a - b) for a, b in zip(side, paper, strict=True)) > 60:
        scene.shape("Sidebar", s.rect(x, y + bar, sw, wh - bar), side)
    for i, label in enumerate(kit.some(kit.words.labels, int(kit.rng.integers(3, 6)))):
        ly = y + bar + (0.08 + 0.1 * i) * h
        kit.icon(
            scene,
            x + 0.16 * sw,
            ly,
            0.06 * h,
            kit.contrasting(scene.beneath(x, ly, sw, 9), [kit.dark, kit.light, kit.accents[2]], 35),
        )
        kit.write(scene, label, x + 0.32 * sw, ly, 0.031 * h, anchor="lm", colourful=0)
    cx, cw = x + sw + 0.04 * ww, ww - sw - 0.08 * ww
    kit.write(scene, kit.title(0.2).replace("\n", " "), cx, y + bar + 0.05 * h, 0.05 * h, use="bold", colourful=0.1)
    n = int(kit.rng.integers(2, 4))
    for i in range(n):
        gap = 0.03 * cw
        bw, bh = (cw - gap * (n - 1)) / n, 0.28 * h
        bx, by = cx + i * (bw + gap), y + bar + 0.15 * h
        tint = kit.contrasting(paper, [mixed(a, kit.light, 0.2) for a in kit.accents], 15)
        scene.shape("Card", s.rect(bx, by, bw, bh, 10), tint, shadow=kit.soft_shadow(0.5))
        kit.icon(scene, bx + bw / 2, by + 0.34 * bh, 0.3 * bh, kit.contrasting(tint, [kit.dark, kit.light], 40))
        kit.write(
            scene,
            kit.one(kit.words.labels),
            bx + bw / 2,
            by + 0.76 * bh,
            0.034 * h,
            use="bold",
            anchor="cm",
            colourful=0,
        )
    kit.write(scene, kit.prose(3), cx, y + bar + 0.48 * h, 0.026 * h, width=0.94 * cw, colourful=0)
    by, bw, bh = y + wh - 0.105 * h, 0.24 * cw, 0.07 * h
    for i in range(kit.rng.integers(1, 3)):
        bx = cx + i * (bw + 0.03 * cw)
        base = kit.accent(paper, 25)
        scene.shape("Button", s.rect(bx, by, bw, bh, kit.one([6, bh / 2])), base, shadow=kit.soft_shadow(0.2))
        kit.write(
            scene, kit.one(kit.words.buttons), bx + bw / 2, by + bh / 2, 0.4 * bh, use="bold", anchor="cm", colourful=0
        )


def slide(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.one([kit.light, kit.ground, (255, 255, 255)]))
    if kit.chance(0.5):
        scene.shape("Bar", s.rect(0, 0, 0.025 * w, h), kit.accent(scene.beneath(0, 0, 9, h)))
    else:
        scene.shape("Header", s.rect(0, 0, w, 0.19 * h), kit.accent(scene.beneath(0, 0, w, 9), 30))
    kit.headline(
        scene, kit.title().replace("\n", " "), 0.07 * w, 0.06 * h, 0.6 * w, 0.09 * h, largest=60, colourful=0.1
    )
    bullets = "\n".join(f"• {line}" for line in kit.some(kit.words.sublines, int(kit.rng.integers(3, 6))))
    kit.write(scene, bullets, 0.07 * w, 0.29 * h, 0.033 * h, leading=2.0, colourful=0)
    x0, y0, cw, ch = 0.58 * w, 0.28 * h, 0.35 * w, 0.52 * h
    n = int(kit.rng.integers(4, 7))
    tint = kit.accent(scene.beneath(x0, y0, cw, ch), 30)
    if kit.chance(0.5):
        tops = [kit.between(0.2, 0.95) * ch for _ in range(n)]
        bars = [s.rect(x0 + i * cw / n, y0 + ch - t, 0.62 * cw / n, t, kit.one([0, 6])) for i, t in enumerate(tops)]
        scene.shape("Bars", s.many(bars), tint)
        scene.shape(
            "Axis",
            s.rect(x0 - 0.02 * cw, y0 + ch, 1.04 * cw, 5),
            kit.contrasting(scene.beneath(x0, y0 + ch, cw, 9), [kit.dark, kit.light]),
        )
    else:
        begin, cx, cy, r = 0.0, x0 + cw / 2, y0 + ch / 2, 0.45 * ch
        for share in kit.rng.dirichlet([4.0] * 3) * 360:
            paint = kit.contrasting(scene.beneath(cx - r, cy - r, 2 * r, 2 * r), kit.accents, 20)
            scene.shape("Slice", s.sector(cx, cy, r, 0, begin, begin + share - 3), paint)
            begin += share
    kit.write(
        scene,
        kit.one(kit.words.labels) + " " + kit.one(kit.words.dates),
        x0 + cw / 2,
        y0 + ch + 0.06 * h,
        0.032 * h,
        anchor="cm",
        colourful=0,
    )
    if kit.chance(0.4):
        kit.subject(scene, 0.9 * w, 0.14 * h, 0.2 * h)


def infographic(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.ground)
    kit.headline(scene, kit.title().replace("\n", " "), 0.08 * w, 0.04 * h, 0.84 * w, 0.09 * h, align="center")
    steps = int(kit.rng.integers(3, 5))
    pitch = 0.62 * h / steps
    for i in range(steps):
        cy, left = 0.22 * h + (i + 0.3) * pitch, i % 2 == 0
        cx, r = (0.22 if left else 0.78) * w, 0.36 * pitch
        disc = kit.accent(kit.ground, 25)
        scene.shape("Disc", s.ellipse(cx, cy, r), disc, shadow=kit.soft_shadow(0.35))
        kit.icon(scene, cx, cy, r, kit.contrasting(disc, [kit.light, kit.dark], 40))
        tx = 0.4 * w if left else 0.1 * w
        kit.write(
            scene, f"{i + 1}  {kit.one(kit.words.labels)}", tx, cy - 0.6 * r, 0.038 * w, use="bold", colourful=0.2
        )
        kit.write(scene, kit.prose(1), tx, cy - 0.05 * r, 0.025 * w, width=0.48 * w, colourful=0)
        if i < steps - 1 and kit.chance(0.8):
            nx = (0.78 if left else 0.22) * w
            ax, bx = cx + (nx - cx) * 0.22, cx + (nx - cx) * 0.75
            scene.shape(
                "Arrow",
                s.arrow(ax, cy + 0.95 * r, bx, cy + pitch - 1.0 * r, 0.02 * w),
                kit.contrasting(kit.ground, [kit.dark, *kit.accents], 30),
            )
    base = 0.96 * h
    for i in range(4):
        bh = kit.between(0.03, 0.09) * h
        scene.shape("Bar", s.rect((0.12 + 0.2 * i) * w, base - bh, 0.15 * w, bh), kit.accent(kit.ground, 25))


def gallery(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.one([kit.ground, kit.light, kit.dark]))
    kit.headline(
        scene, kit.title().replace("\n", " "), 0.06 * w, 0.05 * h, 0.88 * w, 0.11 * h, align=kit.one(["left", "center"])
    )
    columns, rows = (3, 2) if w > h else (2, 3)
    gap = 0.025 * w
    cw, ch = (0.88 * w - gap * (columns - 1)) / columns, (0.74 * h - gap * (rows - 1)) / rows
    for i in range(columns * rows):
        x, y = 0.06 * w + i % columns * (cw + gap), 0.2 * h + i // columns * (ch + gap)
        if kit.chance(0.65):
            scene.shape(
                "Photo",
                s.rect(x, y, cw, ch, kit.one([0, 14, 14])),
                kit.photo(round(ch) + 1, round(cw) + 1),
                shadow=kit.soft_shadow(0.3),
            )
            continue
        tile = kit.accent(scene.beneath(x, y, cw, ch), 25)
        scene.shape("Tile", s.rect(x, y, cw, ch, kit.one([0, 14])), tile, shadow=kit.soft_shadow(0.3))
        if kit.chance(0.5):
            kit.subject(scene, x + cw / 2, y + ch / 2, 0.8 * min(cw, ch))
        else:
            kit.write(
                scene, kit.prose(1), x + 0.1 * cw, y + 0.2 * ch, 0.09 * ch, width=0.8 * cw, use="bold", colourful=0
            )


SCREENS = {
    "window": (window, [(1366, 768), (1280, 800)]),
    "slide": (slide, [(1280, 720), (1152, 864)]),
    "infographic": (infographic, [(800, 1200), (900, 1280)]),
    "gallery": (gallery, [(1200, 800), (1024, 1024)]),
}
