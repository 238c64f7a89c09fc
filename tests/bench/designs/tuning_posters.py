"""Layouts of the tuning half: posters, cards, ads, comics. Law: choices only; every pixel goes through the scene."""

from __future__ import annotations

from . import shapes as s
from .kit import Kit
from .paints import gradient, grain, mixed, radial
from .scene import Outline, Scene, Shadow
from .tuning_comics import comics


def _ground(kit: Kit, scene: Scene, photo: float = 0.25) -> None:
    """A plain, graded, grainy or photographic background."""
    w, h = scene.width, scene.height
    draw = kit.rng.random()
    if draw < photo:
        scene.background(kit.scenery(h, w), "Photo")
    elif draw < photo + 0.3:
        scene.background(kit.ground)
    elif draw < photo + 0.6:
        scene.background(gradient(kit.ground, mixed(kit.ground, kit.one(kit.accents), 0.45), kit.between(20, 120)))
    else:
        scene.background(grain(kit.rng, h, w, kit.ground, kit.between(2, 5), kit.between(1, 3)))


def event_poster(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    _ground(kit, scene, 0.35)
    for _ in range(kit.rng.integers(1, 4)):
        cx, cy, r = kit.between(0, w), kit.between(0.15, 0.75) * h, kit.between(0.08, 0.24) * w
        form = kit.one(
            [
                s.ellipse(cx, cy, r),
                s.ring(cx, cy, r, 0.7 * r),
                s.regular(cx, cy, r, 3, kit.between(0, 90)),
                s.star(cx, cy, r, 5),
            ]
        )
        scene.shape(
            "Shape", form, kit.accent(scene.beneath(cx - r, cy - r, 2 * r, 2 * r)), opacity=kit.one([1.0, 1.0, 0.75])
        )
    if kit.chance(0.7):
        kit.subject(
            scene, w * kit.between(0.35, 0.65), h * 0.52, kit.between(0.4, 0.62) * w, kit.soft_shadow(0.5), tilt=8
        )
    foot = kit.between(0.78, 0.84) * h
    bar = (
        s.wave(w, h, foot, kit.between(8, 22), kit.between(1, 2.5), 0)
        if kit.chance(0.5)
        else s.rect(0, foot, w, h - foot)
    )
    scene.shape("Footer", bar, kit.accent(scene.beneath(0, foot, w, h - foot)))
    rim = (4, kit.dark) if kit.chance(0.2) else None
    kit.headline(
        scene,
        kit.title(),
        w * 0.08,
        h * 0.06,
        w * 0.84,
        h * 0.2,
        align=kit.one(["left", "center"]),
        shadow=kit.soft_shadow(0.3),
        **({"outline": rim, "paint": kit.light} if rim else {}),
    )
    kit.write(scene, kit.subline(), w / 2, foot + 0.06 * h, 0.042 * w, use="bold", anchor="ct")
    kit.write(scene, kit.one(kit.words.dates), w / 2, foot + 0.115 * h, 0.055 * w, use="display", anchor="ct")


def social_card(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    _ground(kit, scene, 0.1)
    wide = w > 1.3 * h
    cx, cy, r = (0.74 * w, 0.5 * h, 0.38 * h) if wide else (0.5 * w, 0.64 * h, 0.29 * h)
    disc = kit.accent(scene.beneath(cx - r, cy - r, 2 * r, 2 * r))
    scene.shape("Disc", s.ellipse(cx, cy, r), radial(mixed(disc, kit.light, 0.3), disc) if kit.chance(0.4) else disc)
    if kit.chance(0.5):
        scene.shape("Ring", s.ring(cx, cy, 1.15 * r, 1.08 * r), kit.accent(scene.beneath(0, 0, w, h)))
    kit.subject(scene, cx, cy, 1.7 * r, kit.soft_shadow(0.7), tilt=6)
    tw = 0.46 * w if wide else 0.84 * w
    _, y, _, th = kit.headline(scene, kit.title(), 0.07 * w, (0.16 if wide else 0.06) * h, tw, 0.24 * h)
    _, y, _, th = kit.write(
        scene, kit.subline(), 0.07 * w, y + th + 0.04 * h, 0.034 * max(h, 0.8 * w), width=tw, use="body"
    )
    by = y + th + 0.05 * h if wide else 0.9 * h
    bw, bh = 0.27 * w if not wide else 0.2 * w, 0.07 * max(h, 0.8 * w)
    base = kit.accent(scene.beneath(0.07 * w, by, bw, bh))
    scene.shape("Button", s.rect(0.07 * w, by, bw, bh, bh / 2), base, shadow=kit.soft_shadow(0.5))
    kit.write(
        scene,
        kit.one(kit.words.buttons),
        0.07 * w + bw / 2,
        by + bh / 2,
        0.42 * bh,
        use="bold",
        anchor="cm",
        colourful=0,
    )


def product_ad(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(radial(mixed(kit.ground, kit.light, 0.5), mixed(kit.ground, kit.accents[0], 0.4), 0.5, 0.55))
    cx, cy = kit.between(0.45, 0.62) * w, 0.55 * h
    if kit.chance(0.6):
        band = (
            s.rect(-10, cy + 0.12 * h, w + 20, 0.1 * h) if kit.chance(0.5) else s.wave(w, h, 0.72 * h, 0.04 * h, 1.2, 1)
        )
        scene.shape("Band", band, kit.accent(scene.beneath(0, cy, w, 0.2 * h)))
    kit.subject(scene, cx, cy, 0.58 * min(w, h), Shadow(6, 18, 16, 0.4), tilt=10)
    kit.headline(
        scene, kit.title(0.2), 0.06 * w, 0.06 * h, 0.88 * w, 0.17 * h, align=kit.one(["left", "center", "right"])
    )
    sx, sy, r = kit.one([0.82, 0.17]) * w, kit.between(0.36, 0.5) * h, 0.115 * min(w, h)
    seal = kit.accent(scene.beneath(sx - r, sy - r, 2 * r, 2 * r))
    scene.shape("Seal", s.star(sx, sy, r, int(kit.rng.integers(12, 20)), 0.84), seal, shadow=kit.soft_shadow(0.7))
    kit.write(
        scene,
        kit.one(kit.words.prices),
        sx,
        sy,
        0.5 * r,
        use="bold",
        anchor="cm",
        angle=kit.one([0, 0, 10, -12]),
        colourful=0,
    )
    rw, rh = 0.44 * w, 0.075 * h
    rx, ry = (w - rw) / 2, 0.86 * h
    cloth = kit.accent(scene.beneath(rx, ry, rw, rh))
    scene.shape("Ribbon", s.ribbon(rx, ry, rw, rh), cloth, shadow=kit.soft_shadow(0.4))
    kit.write(
        scene, kit.one(kit.words.shouts), rx + rw / 2, ry + rh / 2, 0.6 * rh, use="display", anchor="cm", colourful=0
    )


def photo_caption(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.scenery(h, w), "Photo")
    if kit.chance(0.4):
        kit.subject(scene, 0.7 * w, 0.4 * h, 0.5 * h, tilt=5)
    ph = kit.between(0.24, 0.34) * h
    if kit.chance(0.5):
        x, y, pw = 0.0, h - ph, float(w)
        scene.shape("Panel", s.rect(x, y, pw, ph), kit.one([kit.dark, kit.light]), opacity=kit.between(0.6, 0.9))
    else:
        x, y, pw = 0.06 * w, h - ph - 0.08 * h, 0.56 * w
        scene.shape(
            "Card",
            s.rect(x, y, pw, ph, 18),
            kit.one([kit.light, kit.dark]),
            opacity=kit.one([1.0, 0.85]),
            shadow=kit.soft_shadow(0.6),
        )
    _, ty, _, th = kit.headline(
        scene, kit.title().replace("\n", " "), x + 0.05 * w, y + 0.14 * ph, pw - 0.1 * w, 0.36 * ph, largest=70
    )
    kit.write(scene, kit.subline(), x + 0.05 * w, ty + th + 0.1 * ph, 0.14 * ph, width=pw - 0.1 * w)
    if kit.chance(0.6):
        bw, bh = 0.16 * w, 0.07 * h
        tag = s.rect(0.05 * w, 0.06 * h, bw, bh, kit.one([0, 8, bh / 2]))
        scene.shape("Tag", tag, kit.accent(scene.beneath(0.05 * w, 0.06 * h, bw, bh)))
        kit.write(
            scene,
            kit.one(kit.words.shouts),
            0.05 * w + bw / 2,
            0.06 * h + bh / 2,
            0.5 * bh,
            use="bold",
            anchor="cm",
            colourful=0,
        )
    else:
        kit.write(
            scene, kit.one(kit.words.names), 0.95 * w, 0.05 * h, 0.034 * h, anchor="rt", shadow=Shadow(1, 2, 3, 0.6)
        )


def landscape(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    sky = mixed(kit.accents[0], kit.light, 0.55)
    scene.background(gradient(sky, mixed(kit.accents[1], kit.light, 0.5), 90), "Sky")
    sx, sy, r = kit.between(0.2, 0.8) * w, kit.between(0.3, 0.45) * h, kit.between(0.09, 0.14) * h
    scene.shape("Sun", s.ellipse(sx, sy, r), kit.accent(scene.beneath(sx - r, sy - r, 2 * r, 2 * r), 25))
    for x in (kit.between(0.1, 0.35), kit.between(0.6, 0.85)):
        scene.shape(
            "Cloud", s.cloud(x * w, kit.between(0.34, 0.46) * h, 0.2 * w), (255, 255, 255), opacity=kit.one([1.0, 0.85])
        )
    hill = kit.contrasting(sky, kit.accents, 25)
    for i, level in enumerate((0.62, 0.74, 0.86)):
        tone = mixed(hill, kit.dark, 0.1 + 0.28 * i)
        scene.shape(
            "Hill",
            s.wave(w, h, level * h, kit.between(0.03, 0.07) * h, kit.between(0.7, 1.8), kit.between(0, 6), 0.21 * h),
            tone,
        )
        if i == 1:
            kit.subject(scene, kit.between(0.3, 0.7) * w, 0.68 * h, 0.27 * h)
    kit.headline(
        scene, kit.title(), 0.1 * w, 0.06 * h, 0.8 * w, 0.2 * h, align="center", use=kit.one(["display", "script"])
    )
    kit.write(scene, kit.subline(), w / 2, 0.94 * h, 0.034 * h, use="bold", anchor="cm", colourful=0)


def menu(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    paper = mixed(kit.ground, kit.light, 0.3)
    scene.background(grain(kit.rng, h, w, paper, 3, 2), "Paper")
    m = 0.045 * w
    scene.line("Frame", s.rect(m, m, w - 2 * m, h - 2 * m, kit.one([0, 20])), kit.between(3, 7), kit.accent(paper, 30))
    _, y, _, th = kit.headline(
        scene, kit.title(0.3).replace("\n", " "), 0.14 * w, 0.09 * h, 0.72 * w, 0.12 * h, align="center", use="script"
    )
    kit.write(scene, kit.subline(), w / 2, y + th + 0.03 * h, 0.035 * w, anchor="ct")
    ornament = [
        s.regular(w / 2 + i * 0.05 * w, 0.29 * h, (0.022 if i == 0 else 0.014) * w, 4) for i in (-2, -1, 0, 1, 2)
    ]
    scene.shape("Ornament", s.many(ornament), kit.accent(paper, 30))
    foods = kit.some(kit.words.labels + kit.words.names, 4)
    for i, dish in enumerate(foods):
        y = (0.36 + 0.095 * i) * h
        kit.write(scene, dish, 0.13 * w, y, 0.042 * w, use="bold", colourful=0.1)
        kit.write(scene, kit.one(kit.words.prices), 0.87 * w, y, 0.042 * w, use="bold", anchor="rt", colourful=0.1)
        kit.write(
            scene, kit.one(kit.words.sentences)[:44].rsplit(" ", 1)[0], 0.13 * w, y + 0.042 * h, 0.028 * w, colourful=0
        )
    kit.subject(scene, kit.between(0.3, 0.7) * w, 0.84 * h, 0.2 * h, kit.soft_shadow(0.5), tilt=12)


def freeform(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    _ground(kit, scene, 0.3)
    unit = min(w, h)
    for _ in range(kit.rng.integers(3, 8)):
        cx, cy, r = kit.between(0.08, 0.92) * w, kit.between(0.08, 0.92) * h, kit.between(0.07, 0.2) * unit
        form = kit.one(
            [
                s.ellipse(cx, cy, r),
                s.rect(cx - r, cy - 0.7 * r, 2 * r, 1.4 * r, kit.one([0, 12])),
                s.regular(cx, cy, r, 3, kit.between(0, 120)),
                s.ring(cx, cy, r, kit.between(0.5, 0.8) * r),
                s.star(cx, cy, r, 5, 0.5, kit.between(0, 70)),
                s.heart(cx, cy, r),
                s.turned(s.rect(cx - r, cy - 0.15 * r, 2.2 * r, 0.3 * r, 9), kit.between(-60, 60)),
            ]
        )
        base = kit.accent(scene.beneath(cx - r, cy - r, 2 * r, 2 * r))
        paint = gradient(base, mixed(base, kit.dark, 0.4), kit.between(0, 180)) if kit.chance(0.25) else base
        scene.shape(
            "Shape",
            form,
            paint,
            opacity=kit.one([1.0, 1.0, 1.0, kit.between(0.5, 0.85)]),
            shadow=kit.soft_shadow(0.3),
            outline=Outline(kit.between(3, 7), kit.dark) if kit.chance(0.15) else None,
        )
    if kit.chance(0.7):
        kit.subject(
            scene,
            kit.between(0.3, 0.7) * w,
            kit.between(0.35, 0.65) * h,
            kit.between(0.3, 0.5) * unit,
            kit.soft_shadow(),
            tilt=20,
        )
    kit.headline(
        scene,
        kit.title(),
        *kit.calm(scene, 0.55 * w, 0.18 * h),
        0.55 * w,
        0.18 * h,
        shadow=kit.soft_shadow(0.3),
        angle=kit.one([0, 0, 0, 7, -6]),
    )
    kit.write(scene, kit.prose(2), *kit.calm(scene, 0.45 * w, 0.09 * unit, 30), 0.026 * unit, width=0.45 * w)


POSTERS = {
    "event-poster": (event_poster, [(800, 1200), (900, 1280)]),
    "social-card": (social_card, [(1024, 1024), (1200, 628)]),
    "product-ad": (product_ad, [(1080, 1080), (900, 1125)]),
    "photo-caption": (photo_caption, [(1200, 800), (1280, 720)]),
    "comics": (comics, [(1000, 1000), (1100, 900)]),
    "landscape": (landscape, [(1200, 800), (1000, 1000)]),
    "menu": (menu, [(800, 1200), (850, 1200)]),
    "freeform": (freeform, [(1024, 1024), (1200, 850), (800, 1200)]),
}
