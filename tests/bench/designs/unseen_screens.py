"""Layouts of the unseen half: phone, dashboard, timeline, ticket, flow chart. Law: as `unseen_posters`."""

from __future__ import annotations

import numpy as np

from . import shapes as s
from .kit import Kit
from .paints import gradient, mixed, radial
from .scene import Outline, Scene, Shadow


def phone(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    flat = radial(kit.accents[0], mixed(kit.accents[0], kit.dark, 0.6)) if kit.chance(0.5) else kit.ground
    scene.background(kit.scenery(h, w) if kit.chance(0.35) else flat)
    pw = min(0.5 * w, 0.46 * h)
    ph = 0.9 * h
    px, py = (0.54 * w if w > h else (w - pw) / 2), 0.05 * h
    scene.shape("Phone", s.rect(px, py, pw, ph, 0.1 * pw), (24, 24, 28), shadow=Shadow(6, 16, 20, 0.45))
    m = 0.03 * pw
    face = kit.one([(255, 255, 255), (246, 247, 250), mixed(kit.accents[1], (255, 255, 255), 0.8)])
    scene.shape("Screen", s.rect(px + m, py + m, pw - 2 * m, ph - 2 * m, 0.08 * pw), face)
    head = kit.accent(face, 25)
    hh = 0.16 * ph
    top = s.rect(px + m, py + m, pw - 2 * m, hh, 0.08 * pw).union(s.rect(px + m, py + m + hh / 2, pw - 2 * m, hh / 2))
    scene.shape("Header", top, head)
    kit.write(scene, kit.one(kit.words.labels), px + 0.1 * pw, py + 0.62 * hh, 0.075 * pw, use="bold", colourful=0)
    for i in range(4):
        y = py + hh + (0.04 + 0.145 * i) * ph
        x, cw, ch = px + 0.08 * pw, 0.84 * pw, 0.12 * ph
        card = (255, 255, 255) if i % 2 else mixed(face, head, 0.18)
        if sum(abs(a - b) for a, b in zip(card, face, strict=True)) > 40:
            scene.shape("Card", s.rect(x, y, cw, ch, 12), card)
        disc = kit.accent(card, 20)
        scene.shape("Avatar", s.ellipse(x + 0.14 * cw, y + ch / 2, 0.4 * ch), disc)
        kit.icon(scene, x + 0.14 * cw, y + ch / 2, 0.5 * ch, kit.contrasting(disc, [kit.light, kit.dark], 35))
        kit.write(scene, kit.one(kit.words.names), x + 0.3 * cw, y + 0.2 * ch, 0.055 * pw, use="bold", colourful=0)
        kit.write(scene, kit.one(kit.words.sublines), x + 0.3 * cw, y + 0.56 * ch, 0.038 * pw, colourful=0)
    if w > h:
        kit.headline(scene, kit.title(), 0.06 * w, 0.2 * h, 0.4 * w, 0.25 * h)
        kit.write(scene, kit.prose(2), 0.06 * w, 0.52 * h, 0.03 * h, width=0.4 * w)
        bh = 0.08 * h
        base = kit.accent(scene.beneath(0.06 * w, 0.75 * h, 0.2 * w, bh))
        scene.shape("Button", s.rect(0.06 * w, 0.75 * h, 0.2 * w, bh, 14), base, shadow=kit.soft_shadow(0.4))
        kit.write(
            scene,
            kit.one(kit.words.buttons),
            0.16 * w,
            0.75 * h + bh / 2,
            0.4 * bh,
            use="bold",
            anchor="cm",
            colourful=0,
        )


def dashboard(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    night = kit.chance(0.6)
    base = mixed(kit.dark, (24, 26, 34), 0.6) if night else (238, 240, 245)
    card = mixed(base, (255, 255, 255), 0.14) if night else (255, 255, 255)
    scene.background(base)
    kit.write(
        scene,
        kit.one(kit.words.names) + " " + kit.one(kit.words.labels),
        0.04 * w,
        0.055 * h,
        0.05 * h,
        use="display",
        colourful=0,
    )
    shade = None if night else Shadow(0, 4, 8, 0.22)
    for i in range(3):
        x, y, cw, ch = (0.04 + 0.315 * i) * w, 0.16 * h, 0.29 * w, 0.2 * h
        scene.shape("Card", s.rect(x, y, cw, ch, 14), card, shadow=shade)
        kit.write(scene, kit.one(kit.words.labels), x + 0.08 * cw, y + 0.2 * ch, 0.03 * h, colourful=0)
        kit.write(scene, kit.one(kit.words.prices), x + 0.08 * cw, y + 0.48 * ch, 0.06 * h, use="bold", colourful=0.3)
        bars = [
            s.rect(x + (0.62 + 0.06 * k) * cw, y + 0.8 * ch - (t := kit.between(0.12, 0.55) * ch), 0.04 * cw, t)
            for k in range(5)
        ]
        scene.shape("Bars", s.many(bars), kit.accent(card, 30))
    x, y, cw, ch = 0.04 * w, 0.41 * h, 0.56 * w, 0.53 * h
    scene.shape("Panel", s.rect(x, y, cw, ch, 14), card, shadow=shade)
    kit.write(
        scene, kit.one(kit.words.labels) + " 2026", x + 0.05 * cw, y + 0.07 * ch, 0.035 * h, use="bold", colourful=0
    )
    xs = np.linspace(x + 0.06 * cw, x + 0.94 * cw, 9)
    for _ in range(2):
        ys = y + ch * (0.85 - np.clip(np.cumsum(kit.rng.normal(0.05, 0.09, 9)) + 0.1, 0, 0.62))
        scene.shape("Line", s.stroke(list(zip(xs.tolist(), ys.tolist(), strict=True)), 0.011 * h), kit.accent(card, 30))
    x, cw = 0.63 * w, 0.33 * w
    scene.shape("Panel", s.rect(x, y, cw, ch, 14), card, shadow=shade)
    begin, cx, cy, r = 0.0, x + cw / 2, y + 0.44 * ch, 0.32 * min(cw, ch)
    for share in kit.rng.dirichlet([5.0] * 3) * 360:
        scene.shape("Donut slice", s.sector(cx, cy, r, 0.6 * r, begin + 2, begin + share - 2), kit.accent(card, 25))
        begin += share
    kit.write(scene, kit.one(kit.words.prices), cx, cy, 0.26 * r, use="bold", anchor="cm", colourful=0)
    kit.write(scene, kit.one(kit.words.sublines), cx, y + 0.88 * ch, 0.026 * h, anchor="cm", colourful=0)


def timeline(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.one([kit.ground, kit.light, gradient(kit.light, kit.ground, 90)]))
    kit.headline(
        scene, kit.title().replace("\n", " "), 0.06 * w, 0.07 * h, 0.88 * w, 0.12 * h, align=kit.one(["left", "center"])
    )
    mid, n = 0.52 * h, int(kit.rng.integers(3, 6))
    scene.shape("Line", s.rect(0.06 * w, mid - 5, 0.88 * w, 10, 5), kit.accent(scene.beneath(0, mid, w, 9), 25))
    for i in range(n):
        cx, r = (0.06 + 0.88 * (i + 0.5) / n) * w, min(0.085 * h, 0.3 * 0.88 * w / n)
        node = kit.accent(scene.beneath(cx, mid - 3 * r, r, r), 20)
        scene.shape(
            "Node",
            s.regular(cx, mid, r, 6, kit.one([0, 30])),
            node,
            outline=Outline(6, kit.light) if kit.chance(0.3) else None,
        )
        kit.icon(scene, cx, mid, r, kit.contrasting(node, [kit.light, kit.dark], 40))
        kit.write(scene, kit.one(kit.words.dates), cx, mid - 1.6 * r, 0.034 * h, use="bold", anchor="cb", colourful=0.1)
        kit.write(
            scene,
            kit.prose(1),
            cx,
            mid + 1.5 * r,
            0.026 * h,
            anchor="ct",
            width=0.8 * w / n,
            align="center",
            colourful=0,
        )
    scene.shape(
        "Chevron",
        s.many(_chevron((0.06 + 0.03 * i) * w, 0.9 * h, 0.02 * w) for i in range(3)),
        kit.accent(scene.beneath(0, 0.9 * h, w, 9), 25),
    )
    kit.write(scene, kit.one(kit.words.names), 0.94 * w, 0.91 * h, 0.032 * h, anchor="rm")


def _chevron(x: float, y: float, r: float) -> s.Geometry:
    return s.stroke([(x, y - r), (x + r, y), (x, y + r)], 0.45 * r)


def ticket(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.scenery(h, w) if kit.chance(0.65) else gradient(kit.accents[0], kit.accents[1], 30))
    x, y, tw, th = 0.06 * w, 0.2 * h, 0.88 * w, 0.6 * h
    paper = kit.contrasting(scene.beneath(x, y, tw, th), [kit.light, kit.ground, kit.dark], 30)
    cut = x + 0.74 * tw
    body = s.rect(x, y, tw, th, 20).difference(
        s.many([s.ellipse(cut, y, 0.035 * w), s.ellipse(cut, y + th, 0.035 * w)])
    )
    scene.shape("Ticket", body, paper, shadow=kit.soft_shadow(0.8))
    holes = [s.ellipse(cut, y + (0.12 + 0.08 * i) * th, 0.006 * w) for i in range(11)]
    scene.shape("Perforation", s.many(holes), kit.contrasting(paper, [*kit.accents, kit.dark, kit.light], 40))
    lines, at = [], y + 0.14 * th
    while at < y + 0.86 * th:
        t = kit.one([3.0, 5.0, 8.0])
        lines.append(s.rect(cut + 0.12 * tw, at, 0.08 * tw, t))
        at += t + kit.one([4.0, 6.0])
    scene.shape("Barcode", s.many(lines), kit.contrasting(paper, [kit.dark, kit.light], 50))
    kit.write(
        scene,
        kit.one(kit.words.dates),
        cut + 0.07 * tw,
        y + th / 2,
        0.05 * th,
        use="bold",
        anchor="cm",
        angle=90,
        colourful=0,
    )
    left = x + 0.05 * tw
    if kit.chance(0.6):
        kit.subject(scene, x + 0.6 * tw, y + 0.52 * th, 0.6 * th, tilt=8)
    _, ty, _, hh = kit.headline(scene, kit.title(), left, y + 0.12 * th, 0.44 * tw, 0.36 * th)
    kit.write(scene, kit.subline(), left, ty + hh + 0.07 * th, 0.058 * th, width=0.42 * tw)
    bw, bh = 0.2 * tw, 0.13 * th
    badge = kit.accent(paper, 25)
    scene.shape("Badge", s.rect(left, y + 0.78 * th, bw, bh, bh / 2), badge)
    kit.write(
        scene,
        kit.one(kit.words.prices),
        left + bw / 2,
        y + 0.78 * th + bh / 2,
        0.5 * bh,
        use="bold",
        anchor="cm",
        colourful=0,
    )


def flow(kit: Kit, scene: Scene) -> None:
    w, h = scene.width, scene.height
    scene.background(kit.one([(255, 255, 255), kit.light, kit.ground]))
    paper = scene.beneath(0, 0, w, h)
    kit.headline(
        scene, kit.title().replace("\n", " "), 0.05 * w, 0.04 * h, 0.9 * w, 0.09 * h, align="center", colourful=0.2
    )
    columns, rows = (3, 2) if w > h else (2, 3)
    bw, bh = 0.6 * 0.9 * w / columns, 0.5 * 0.78 * h / rows
    centres = [
        ((0.05 + 0.9 * (i % columns + 0.5) / columns) * w, (0.2 + 0.76 * (i // columns + 0.5) / rows) * h)
        for i in range(columns * rows)
    ]
    wire = kit.contrasting(paper, [kit.dark, *kit.accents], 40)
    for i, (cx, cy) in enumerate(centres):
        if (i + 1) % columns:
            scene.shape("Arrow", s.arrow(cx + bw / 2 + 6, cy, cx + 0.9 * w / columns - bw / 2 - 6, cy, 13), wire)
        if i + columns < len(centres) and kit.chance(0.5):
            scene.shape("Arrow", s.arrow(cx, cy + bh / 2 + 6, cx, cy + 0.76 * h / rows - bh / 2 - 6, 13), wire)
        tone = kit.contrasting(paper, [mixed(a, kit.light, 0.25) for a in kit.accents], 18)
        form = kit.one(
            [
                s.rect(cx - bw / 2, cy - bh / 2, bw, bh, 14),
                s.regular(cx, cy, 0.5, 4).buffer(0),
                s.rect(cx - bw / 2, cy - bh / 2, bw, bh, bh / 2),
            ]
        )
        if form.area < 10:
            form = s.Polygon([(cx - bw / 2, cy), (cx, cy - 0.62 * bh), (cx + bw / 2, cy), (cx, cy + 0.62 * bh)])
        scene.shape(
            "Box",
            form,
            tone,
            shadow=kit.soft_shadow(0.2),
            outline=Outline(4, mixed(tone, kit.dark, 0.5)) if kit.chance(0.4) else None,
        )
        kit.write(scene, kit.one(kit.words.labels), cx, cy, 0.26 * bh, use="bold", anchor="cm", colourful=0)


SCREENS = {
    "phone": (phone, [(1280, 800), (800, 1200)]),
    "dashboard": (dashboard, [(1366, 768), (1280, 800)]),
    "timeline": (timeline, [(1280, 720), (1200, 800)]),
    "ticket": (ticket, [(1280, 640), (1200, 800)]),
    "flow": (flow, [(1200, 850), (1000, 1000)]),
}
