"""Draw the studio's sample pictures: three compositions of our own, a little soft, like drafts of an image model.

    python make_samples.py ../samples

Writes portrait.png, garden.png, windowsill.png and index.json. Nothing in them is copied from anywhere; they use the
same shapes as the training pictures (so the demo SAM 3 knows them) but no training seed draws them.
"""
from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from figures import (Arm, Look, Scene, cloud, curtain, darker, draw_cat, draw_cup, draw_flower, draw_house, draw_person, draw_sun, draw_tree, draw_vase,
                     ellipse, lighter, mix, rgb, rounded_rect, smooth, sprig)


def portrait() -> Scene:
    """1024 x 1024: a woman in front of a pale disc, one hand raised, one at her chest."""
    scene = Scene(1024, 1024, 2)
    r = random.Random(41)
    scene.fill(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float), ("#6fa8a5", "#34686f"))
    scene.glow(0.5, 0.36, 0.8, 0.7, "#a9d3c8", 0.7)
    scene.fill(ellipse(0.5, 0.45, 0.40, 0.40, n=120), ("#bfdccf", "#7fb5ae"))
    scene.glow(0.40, 0.28, 0.36, 0.34, "#eef6e4", 0.6)
    for x, y, length, angle, colour in ((0.02, 1.02, 0.46, -1.05, "#2f6358"), (0.13, 1.04, 0.30, -1.45, "#4f8a72"), (0.98, 1.02, 0.54, -2.08, "#2b5a52"),
                                        (0.87, 1.05, 0.36, -1.65, "#4f8a72"), (1.02, 0.60, 0.24, -2.7, "#3d7566")):
        sprig(scene, x, y, length, angle, colour)
    for x, y, q in ((0.10, 0.12, 0.010), (0.2, 0.06, 0.006), (0.88, 0.10, 0.012), (0.80, 0.05, 0.006), (0.93, 0.22, 0.007), (0.07, 0.24, 0.007)):
        scene.fill(ellipse(x, y, q, q, n=20), "#f6efd9")
    look = Look(woman=True, skin=rgb("#f6c8a2"), hair=rgb("#5b3426"), iris=rgb("#3f7a6b"), shirt=rgb("#d2603f"), shirt2=rgb("#f8e7c8"), pants=rgb("#2d3a5a"),
                hat=rgb("#c8553d"), hair_style="wavy", fringe="side", eye_size=1.0, mouth_style="smile", pattern="collar", sleeve="long", look_x=0.06, detail=True)
    arms = [Arm((-1.66, 0.72), "open", -math.pi / 2 - 0.14, bend=1), Arm((0.5, 2.0), "rest", math.pi + 0.38, bend=-1)]
    scene.glow(0.52, 0.66, 0.42, 0.5, "#234a4c", 0.3)
    draw_person(scene, 0.53, 0.40, 0.225, look, arms, r, -0.06)
    scene.glow(0.2, 0.10, 0.7, 0.6, "#fff3d6", 0.2)
    return scene


def garden() -> Scene:
    """1152 x 768: two friends in a garden at golden hour."""
    scene = Scene(1152, 768, 2)
    r = random.Random(7)
    W = scene.W
    scene.fill(np.array([(0, 0), (W, 0), (W, 1), (0, 1)], float), ("#86bcd8", "#fbe7c6"))
    scene.glow(1.22, 0.2, 0.7, 0.6, "#fff2c9", 0.8)
    for cx, cy, q in ((0.30, 0.13, 0.07), (0.88, 0.09, 0.05)):
        cloud(scene, cx, cy, q)
    draw_sun(scene, 1.27, 0.17, 0.075, random.Random(5))
    for base, c, amp in ((0.55, "#a9c7b0", 0.05), (0.62, "#8fb98d", 0.04)):
        xs = np.linspace(-0.1, W + 0.1, 8)
        top = smooth([(x, base + amp * math.sin(3.1 * x + base * 20)) for x in xs], closed=False, per=8)
        scene.fill(np.concatenate([top, [(W + 0.1, 1.1), (-0.1, 1.1)]]), (lighter(rgb(c), 0.1), darker(rgb(c), 0.1)))
    draw_house(scene, 0.20, 0.68, 0.36, rgb("#f3e2c8"), rgb("#c8674d"), random.Random(3))
    draw_tree(scene, 0.42, 0.71, 0.42, random.Random(2))
    draw_tree(scene, 1.38, 0.72, 0.5, random.Random(12))
    scene.fill(np.concatenate([smooth([(-0.1, 0.78), (0.3, 0.735), (0.8, 0.76), (1.2, 0.73), (W + 0.1, 0.77)], closed=False, per=8), [(W + 0.1, 1.1), (-0.1, 1.1)]]), ("#86b35f", "#5d8f52"))
    for i in range(46):
        x, y = r.uniform(0, W), r.uniform(0.79, 1.0)
        scene.stroke(np.array([(x, y), (x + r.uniform(-0.01, 0.01), y - r.uniform(0.015, 0.035))]), 0.004, mix(rgb("#4d7f49"), rgb("#a8cb78"), r.random()))
    man = Look(woman=False, skin=rgb("#a96b43"), hair=rgb("#2a1f1d"), iris=rgb("#4a2f20"), shirt=rgb("#e2725b"), shirt2=rgb("#fff0d4"), pants=rgb("#34526f"), hat=rgb("#2d3a5a"),
               hair_style="curly", fringe="side", eye_size=1.05, mouth_style="open", pattern="stripes", sleeve="short", glasses="none", blush=False, look_x=0.10, detail=True)
    woman = Look(woman=True, skin=rgb("#ffe0c7"), hair=rgb("#c98d3f"), iris=rgb("#3b6b8f"), shirt=rgb("#4d7fa3"), shirt2=rgb("#fdf3dc"), pants=rgb("#5b4b8a"), hat=rgb("#e9b44c"),
                 hair_style="bob", fringe="sweep", eye_size=1.1, mouth_style="smile", pattern="dots", sleeve="long", hat_style="brim", look_x=-0.10, detail=True)
    scene.glow(0.52, 0.98, 0.3, 0.1, "#2f4a2c", 0.4)
    scene.glow(1.02, 0.98, 0.3, 0.1, "#2f4a2c", 0.4)
    draw_person(scene, 0.53, 0.40, 0.152, man, [Arm((-1.75, 0.35), "open", -math.pi / 2 - 0.25, bend=1), Arm((1.02, 2.75), "rest", math.pi / 2 + 0.75, bend=-1)], r, 0.05)
    draw_person(scene, 1.02, 0.44, 0.148, woman, [Arm((-0.48, 2.15), "rest", -0.35, bend=1), Arm((1.7, 0.55), "open", -math.pi / 2 + 0.28, bend=-1)], r, -0.05)
    scene.glow(1.3, 0.15, 0.9, 0.8, "#ffe9b8", 0.28)
    return scene


def windowsill() -> Scene:
    """768 x 1152: a cat beside a vase of flowers, with a cup, in front of a window at dusk."""
    scene = Scene(768, 1152, 2)
    r = random.Random(11)
    H = scene.H
    scene.fill(np.array([(0, 0), (1, 0), (1, H), (0, H)], float), ("#6f86a3", "#4d6384"))
    x0, y0, x1, y1 = 0.10, 0.09, 0.90, 0.96
    scene.fill(rounded_rect(x0 - 0.035, y0 - 0.035, x1 + 0.035, y1 + 0.035, 0.012), ("#f3e9d8", "#d9c9b0"))
    scene.fill(rounded_rect(x0, y0, x1, y1, 0.006), ("#6f8fc0", "#f7c9a8"))
    scene.glow(0.66, 0.68, 0.42, 0.34, "#ffe3b0", 0.8)
    for base, c in ((0.74, "#8f86ac"), (0.81, "#6d7196"), (0.88, "#505d7d")):
        top = smooth([(x, base + 0.028 * math.sin(9 * x + base * 31)) for x in np.linspace(x0, x1, 7)], closed=False, per=8)
        top[:, 0] = np.clip(top[:, 0], x0, x1)
        scene.fill(np.concatenate([top, [(x1, y1), (x0, y1)]]), (c, mix(rgb(c), rgb("#f0b79a"), 0.2)))
    for cx, cy, q in ((0.24, 0.27, 0.04), (0.68, 0.40, 0.035)):
        cloud(scene, cx, cy, q, "#fbe6d6")
    scene.fill(rounded_rect(0.488, y0, 0.512, y1, 0.002), ("#f3e9d8", "#d9c9b0"))
    for side in (-1, 1):
        curtain(scene, side, "#c7645a", 0.13, 1.04)
    table = 1.06
    scene.fill(np.array([(0, table), (1, table), (1, H), (0, H)]), ("#d49a6a", "#9a5f42"))
    scene.fill(np.array([(0, table), (1, table), (1, table + 0.018), (0, table + 0.018)]), "#e9bd8c")
    for yy in (1.17, 1.28, 1.40):
        scene.stroke(smooth([(0, yy), (0.3, yy + 0.01), (0.7, yy - 0.008), (1, yy + 0.006)], closed=False, per=6), 0.003, "#a96d49")
    vx, vy, vs = 0.205, 1.16, 0.38
    scene.glow(vx, vy, 0.2, 0.045, "#4a2420", 0.6)
    for lean, length, colour, seed in ((-0.14, 0.44, "#f2a65a", 3), (0.50, 0.46, "#f3e3c2", 12), (0.20, 0.58, "#e9687a", 1)):
        draw_flower(scene, vx + lean * 0.02, vy - vs * 0.93, length, rgb(colour), random.Random(seed), lean)
    draw_vase(scene, vx, vy, vs, rgb("#4f8f96"), random.Random(4))
    scene.glow(0.745, 1.205, 0.24, 0.05, "#4a2420", 0.6)
    draw_cat(scene, 0.745, 1.20, 0.58, random.Random(6), rgb("#e39a4f"))
    scene.glow(0.48, 1.38, 0.19, 0.04, "#4a2420", 0.55)
    draw_cup(scene, 0.46, 1.375, 0.30, rgb("#3d6fa8"), random.Random(9), mirror=True)
    scene.glow(0.62, 0.75, 0.7, 0.75, "#ffd9a0", 0.14)
    return scene


SAMPLES = [
    ("portrait.png", portrait, "Portrait in teal and terracotta", ["face", "hands", "eyes", "hair", "mouth"],
     "A young woman with wavy brown hair and a terracotta blouse, one hand raised in greeting, teal backdrop with leaves"),
    ("garden.png", garden, "Two friends in a garden", ["face", "hands", "hat", "tree", "house", "sun"],
     "Two friends waving in a green garden at golden hour, a straw hat, a striped shirt, a small house and trees on the hills"),
    ("windowsill.png", windowsill, "Cat on the windowsill", ["cat", "flower", "vase", "cup"],
     "A ginger cat beside a vase of flowers and a cup on a wooden windowsill, dusk light through red curtains"),
]


def soften(image: Image.Image, r: np.random.Generator) -> Image.Image:
    """The look of a draft: a mild blur and a breath of grain, coarse enough to compress."""
    x = np.asarray(image.filter(ImageFilter.GaussianBlur(1.1)), np.float32)
    h, w, _ = x.shape
    grain = Image.fromarray((r.normal(0, 1, (h // 4, w // 4)) * 40 + 128).clip(0, 255).astype(np.uint8)).resize((w, h), Image.BICUBIC)
    x = x + (np.asarray(grain, np.float32)[..., None] - 128) / 40 * 0.8
    return Image.fromarray(x.round().clip(0, 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    index = []
    for name, draw, title, concepts, caption in SAMPLES:
        soften(draw().picture(), np.random.default_rng(len(name))).save(args.out / name, optimize=True)
        index.append({"file": name, "title": title, "concepts": concepts, "caption": caption})
        print(name, (args.out / name).stat().st_size)
    (args.out / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
