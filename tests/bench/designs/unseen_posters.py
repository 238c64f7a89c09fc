"""Layouts of the unseen half: posters, covers, banners, stickers.

Law: choices only; every pixel goes through the scene.

Written apart from the tuning half on purpose: other compositions, other shapes. Nobody tunes on these.
"""

from __future__ import annotations

from shapely.geometry import Polygon

from . import shapes as s
from .kit import Kit
from .paints import gradient, grain, mixed, radial, stripes
from .scene import Outline, Scene, Shadow
from .unseen_stickers import stickers


def split_poster(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.scenery(h, w) if kit.chance(0.6) else gradient(kit.accents[0], kit.accents[1], 60))
    a, b = kit.between(0.42, 0.62) * h, kit.between(0.5, 0.75) * h
    half = Polygon([(0, a), (w, b), (w, h), (0, h)])
    scene.shape("Half", half, kit.contrasting(scene.beneath(0, a, w, h - a), [kit.ground, *kit.accents], 20))
    t = kit.between(0.02, 0.05) * h
    scene.shape("Band", Polygon([(0, a - t), (w, b - t), (w, b), (0, a)]), kit.accent(scene.beneath(0, b, w, h - b)))
    if kit.chance(0.6):
        kit.subject(scene, kit.between(0.55, 0.72) * w, 0.42 * h, 0.5 * w, kit.soft_shadow(0.6), tilt=5)
    kit.headline(scene, kit.title(), 0.07 * w, 0.73 * h, 0.72 * w, 0.14 * h)
    kit.write(scene, kit.subline(), 0.07 * w, 0.9 * h, 0.036 * w, use="bold")
    kit.write(scene, kit.one(kit.words.dates), 0.95 * w, 0.05 * h, 0.045 * w, use="display", anchor="rt", angle=90)
    r = 0.1 * w
    disc = kit.accent(scene.beneath(0.08 * w, 0.08 * w, 2 * r, 2 * r))
    scene.shape("Seal", s.star(0.19 * w, 0.17 * w, r, 24, 0.9), disc)
    kit.write(
        scene, kit.one(kit.words.shouts), 0.19 * w, 0.17 * w, 0.42 * r, use="bold", anchor="cm", angle=12, colourful=0
    )


def story(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(gradient(kit.ground, mixed(kit.ground, kit.accents[0], 0.4), 110))
    for _ in range(2):
        cx, cy = kit.one([0.05, 0.95]) * w, kit.between(0.1, 0.9) * h
        tone = kit.accent(scene.beneath(cx - 60, cy - 60, 120, 120))
        scene.shape("Blob", s.blob(kit.rng, cx, cy, 0.32 * w, 0.2 * h), tone, opacity=kit.one([1.0, 0.8]))
    ax, ay, aw, ah = 0.17 * w, 0.12 * h, 0.66 * w, 0.46 * h
    scene.shape("Photo", s.arch(ax, ay, aw, ah), kit.photo(round(ah) + 1, round(aw) + 1), shadow=kit.soft_shadow(0.3))
    if kit.chance(0.6):
        scene.line(
            "Arch line",
            s.arch(ax - 0.03 * w, ay - 0.03 * w, aw + 0.06 * w, ah + 0.06 * w),
            5,
            kit.ink(scene.beneath(0, 0, w, h)),
        )
    kit.headline(
        scene, kit.title(), 0.1 * w, 0.65 * h, 0.8 * w, 0.13 * h, align="center", use=kit.one(["script", "display"])
    )
    kit.write(scene, kit.subline(), 0.5 * w, 0.81 * h, 0.045 * w, anchor="ct", width=0.8 * w, align="center")
    pw, ph = 0.42 * w, 0.055 * h
    pill = kit.accent(scene.beneath(0.29 * w, 0.9 * h, pw, ph))
    scene.shape("Pill", s.rect(0.29 * w, 0.89 * h, pw, ph, ph / 2), pill)
    kit.write(
        scene, kit.one(kit.words.buttons), 0.5 * w, 0.89 * h + ph / 2, 0.42 * ph, use="bold", anchor="cm", colourful=0
    )


def sale_banner(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    tone = kit.accents[0]
    if kit.chance(0.5):
        scene.background(
            stripes(tone, mixed(tone, kit.light, 0.12), int(kit.rng.integers(6, 14)), kit.one([45, 135, 0]))
        )
    else:
        scene.background(radial(mixed(tone, kit.light, 0.35), tone))
    sheet = kit.contrasting(tone, [kit.light, kit.dark, *kit.accents], 30)
    ty = kit.between(0.55, 0.62) * h
    scene.shape("Torn paper", s.torn(kit.rng, -10, ty, w + 20, 0.26 * h, 0.012 * h), sheet, shadow=kit.soft_shadow(0.6))
    for x in kit.some([0.2, 0.8, 0.62], int(kit.rng.integers(1, 3))):
        kit.subject(scene, x * w, 0.34 * h, 0.52 * h, kit.soft_shadow(0.6), tilt=14)
    kit.headline(scene, kit.title(0.3).replace("\n", " "), 0.06 * w, ty + 0.04 * h, 0.6 * w, 0.13 * h)
    kit.write(scene, kit.subline(), 0.06 * w, ty + 0.19 * h, 0.045 * h, use="body", colourful=0)
    bx, by, r = 0.84 * w, ty + 0.12 * h, 0.17 * h
    burst = kit.contrasting(sheet, [a for a in kit.accents if a != tone], 25)
    scene.shape(
        "Burst", s.star(bx, by, r, 11, 0.72, 8), burst, outline=Outline(4, kit.light) if kit.chance(0.4) else None
    )
    kit.write(
        scene,
        kit.one(kit.words.prices),
        bx,
        by,
        0.38 * r,
        use="display",
        anchor="cm",
        angle=kit.one([0, -8, 8]),
        colourful=0,
    )
    kit.write(scene, kit.one(kit.words.dates), 0.5 * w, 0.93 * h, 0.045 * h, use="bold", anchor="cm")


def quote_card(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.scenery(h, w), "Photo")
    x, y, pw, ph = 0.13 * w, 0.14 * h, 0.74 * w, 0.72 * h
    tone = kit.one([kit.light, kit.dark, kit.accents[0]])
    scene.shape("Panel", s.rect(x, y, pw, ph, kit.one([0, 26])), tone, opacity=kit.between(0.55, 0.92))
    if kit.chance(0.5):
        tape = s.turned(s.rect(0.4 * w, y - 0.03 * h, 0.2 * w, 0.06 * h), kit.between(-8, 8))
        scene.shape("Tape", tape, kit.accent(scene.beneath(0.4 * w, y, 0.2 * w, 9)), opacity=0.8)
    marks = [s.crescent(x + (0.11 + 0.07 * i) * pw, y + 0.15 * ph, 0.035 * w, 60) for i in (0, 1)]
    scene.shape("Quotation mark", s.many(marks), kit.accent(scene.beneath(x, y, pw, ph)))
    kit.write(
        scene,
        kit.prose(1, 0.3),
        x + 0.08 * pw,
        y + 0.27 * ph,
        0.058 * min(w, h),
        use=kit.one(["script", "body"]),
        width=0.84 * pw,
        leading=1.35,
    )
    scene.shape(
        "Rule", s.rect(x + 0.08 * pw, y + 0.78 * ph, 0.3 * pw, 7), kit.accent(scene.beneath(x, y + 0.8 * ph, pw, 9))
    )
    kit.write(scene, kit.one(kit.words.names), x + 0.08 * pw, y + 0.84 * ph, 0.036 * min(w, h), use="bold")


def bauhaus(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(grain(kit.rng, h, w, kit.ground, 2.5, 2) if kit.chance(0.4) else kit.ground)
    n = int(kit.rng.integers(2, 4))
    cell, top = w / n, 0.36 * h
    for i in range(n * n):
        x, y = i % n * cell, top + i // n * cell
        if y + 0.8 * cell > 0.97 * h or kit.chance(0.15):
            continue
        tone = kit.accent(scene.beneath(x, y, cell, cell), 20)
        quarter = int(kit.rng.integers(4))
        corner = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)][quarter]
        form = kit.one(
            [
                s.ellipse(*corner, cell).intersection(s.rect(x, y, cell, cell)),
                s.ellipse(x + cell / 2, y + cell / 2, 0.42 * cell),
                Polygon([(x, y), (x + cell, y + cell), (x, y + cell)]),
                s.crescent(x + cell / 2, y + cell / 2, 0.42 * cell, 90 * quarter),
                s.regular(x + cell / 2, y + cell / 2, 0.46 * cell, 6),
            ]
        )
        scene.shape("Shape", form, tone)
        if kit.chance(0.35):
            inner = kit.accent(tone, 20)
            scene.shape("Dot", s.ellipse(x + cell / 2, y + cell / 2, 0.16 * cell), inner)
    if kit.chance(0.4):
        kit.subject(scene, 0.72 * w, 0.62 * h, 0.46 * w, kit.soft_shadow(0.4))
    _, y, _, th = kit.headline(scene, kit.title(), 0.06 * w, 0.05 * h, 0.88 * w, 0.2 * h)
    kit.write(scene, kit.subline(), 0.06 * w, y + th + 0.025 * h, 0.036 * w, use="bold")


def magazine(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(
        kit.scenery(h, w) if kit.chance(0.75) else gradient(kit.accents[0], mixed(kit.accents[0], kit.dark, 0.5), 80)
    )
    kit.headline(
        scene,
        kit.one(kit.words.titles).split("\n")[0].upper(),
        0.04 * w,
        0.04 * h,
        0.92 * w,
        0.16 * h,
        align="center",
        colourful=0.5,
    )
    kit.subject(scene, 0.5 * w, 0.53 * h, 0.72 * w, kit.soft_shadow(0.4))
    for x, y, anchor, align in ((0.05, 0.3, "lt", "left"), (0.95, 0.72, "rt", "right")):
        kit.write(
            scene,
            kit.one(kit.words.sublines),
            x * w,
            y * h,
            0.045 * w,
            use="bold",
            anchor=anchor,
            width=0.3 * w,
            align=align,  # type: ignore[arg-type]
            shadow=Shadow(1, 2, 4, 0.5),
        )
    by = 0.89 * h
    scene.shape(
        "Strip", s.rect(0, by, w, 0.07 * h), kit.accent(scene.beneath(0, by, w, 0.07 * h)), opacity=kit.one([1.0, 0.85])
    )
    kit.write(scene, kit.subline(0.3), 0.5 * w, by + 0.035 * h, 0.03 * h, use="body", anchor="cm", colourful=0)
    scene.shape(
        "Corner",
        Polygon([(w, 0.2 * h), (w, 0.36 * h), (0.86 * w, 0.28 * h)]),
        kit.accent(scene.beneath(0.86 * w, 0.2 * h, 0.14 * w, 0.16 * h)),
    )


def loose(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    unit = min(w, h)
    scene.background(
        kit.one(
            [
                kit.ground,
                kit.scenery(h, w),
                kit.scenery(h, w),
                kit.scenery(h, w),
                gradient(kit.ground, kit.accents[0], 45),
                grain(kit.rng, h, w, kit.ground, 4, 2),
            ]
        )
    )
    for _ in range(kit.rng.integers(3, 8)):
        cx, cy, r = kit.between(0.1, 0.9) * w, kit.between(0.1, 0.9) * h, kit.between(0.08, 0.22) * unit
        form = kit.one(
            [
                s.blob(kit.rng, cx, cy, r, 0.8 * r),
                s.regular(cx, cy, r, 6, kit.between(0, 60)),
                s.crescent(cx, cy, r, kit.between(0, 360)),
                s.arch(cx - 0.6 * r, cy - r, 1.2 * r, 2 * r),
                s.sector(cx, cy, r, 0, kit.between(0, 90), kit.between(150, 300)),
                s.turned(s.rect(cx - 1.3 * r, cy - 0.3 * r, 2.6 * r, 0.6 * r, 0.3 * r), kit.between(-70, 70)),
                s.star(cx, cy, r, 8, 0.7),
                s.many(s.rect(cx - r, cy - r + i * 0.4 * r, 2 * r, 0.2 * r) for i in range(5)),
            ]
        )
        base = kit.accent(scene.beneath(cx - r, cy - r, 2 * r, 2 * r))
        paint = radial(mixed(base, kit.light, 0.4), base) if kit.chance(0.25) else base
        scene.shape(
            "Shape",
            form,
            paint,
            opacity=kit.one([1.0, 1.0, kit.between(0.5, 0.85)]),
            shadow=kit.soft_shadow(0.3),
            outline=Outline(kit.between(3, 7), kit.light) if kit.chance(0.15) else None,
        )
    for _ in range(kit.rng.integers(0, 3)):
        kit.subject(
            scene,
            kit.between(0.2, 0.8) * w,
            kit.between(0.25, 0.75) * h,
            kit.between(0.26, 0.42) * unit,
            kit.soft_shadow(),
            tilt=20,
        )
    kit.headline(
        scene, kit.title(), *kit.calm(scene, 0.5 * w, 0.17 * h), 0.5 * w, 0.17 * h, shadow=kit.soft_shadow(0.3)
    )
    kit.write(scene, kit.prose(2), *kit.calm(scene, 0.5 * w, 0.09 * unit, 30), 0.027 * unit, width=0.5 * w)


POSTERS = {
    "split-poster": (split_poster, [(800, 1200), (860, 1200)]),
    "sale-banner": (sale_banner, [(1200, 800), (1280, 720)]),
    "story": (story, [(720, 1280), (810, 1200)]),
    "quote-card": (quote_card, [(1080, 1080), (1200, 800)]),
    "bauhaus": (bauhaus, [(800, 1200), (900, 1200)]),
    "magazine": (magazine, [(850, 1150), (900, 1200)]),
    "stickers": (stickers, [(1100, 900), (1024, 1024)]),
    "loose": (loose, [(1024, 1024), (1200, 850), (800, 1200)]),
}
