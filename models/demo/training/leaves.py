"""Procedural "dead leaves" pictures with captions: the training data of the demo pack.

A picture is a pile of occluding shapes (discs, polygons, leaves, strokes, rings) whose sizes follow a power law
and whose colours come from a named palette. Everything is drawn at twice the size and box-reduced, so edges are
antialiased and as sharp as the pixel grid allows.

    palette = random_palette(rng)
    image = render(rng, palette, size)          # uint8 [size, size, 3]
    words = caption(rng, palette)               # e.g. "red and pink stripes, dark, sharp"

Seeds below TRAIN_SEED_LIMIT are for training, seeds from HELDOUT_SEED on are never trained on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

TRAIN_SEED_LIMIT = 1_000_000
HELDOUT_SEED = 5_000_000
SUPERSAMPLE = 2

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (208, 34, 38),
    "orange": (238, 128, 24),
    "yellow": (242, 212, 40),
    "green": (44, 152, 58),
    "teal": (24, 142, 146),
    "blue": (34, 78, 204),
    "purple": (124, 48, 168),
    "pink": (236, 122, 172),
    "brown": (118, 72, 38),
    "beige": (226, 200, 164),
    "gray": (128, 128, 128),
    "black": (22, 22, 26),
    "white": (240, 240, 238),
}
GROUPS: dict[str, tuple[str, ...]] = {
    "warm": ("red", "orange", "yellow", "brown", "beige"),
    "cold": ("blue", "teal", "purple", "gray"),
    "autumn": ("red", "orange", "yellow", "brown"),
    "ocean": ("blue", "teal", "white"),
    "forest": ("green", "brown", "teal"),
    "skin": ("beige", "brown", "pink"),
    "colorful": tuple(COLORS),
}
SYNONYMS = {"gray": ("gray", "grey"), "purple": ("purple", "violet"), "teal": ("teal", "turquoise", "cyan"),
            "beige": ("beige", "skin", "cream"), "blue": ("blue", "navy"), "yellow": ("yellow", "gold", "blonde"),
            "red": ("red", "crimson"), "brown": ("brown", "wood"), "orange": ("orange",)}
TONES = ("", "", "", "", "dark", "bright", "pastel")
TEXTURES = ("smooth", "stripes", "dots", "leaves", "lines", "mixed", "mixed")
TEXTURE_WORDS = {"smooth": ("smooth", "flat", "simple"), "stripes": ("stripes", "striped"), "dots": ("dots", "dotted"),
                 "leaves": ("leaves", "leaf"), "lines": ("lines", "hair", "strokes"), "mixed": ("shapes", "pattern")}
FILLERS = ("detailed", "sharp", "highly detailed", "portrait", "face", "eyes", "eye", "hand", "hands", "person", "woman",
           "man", "girl", "boy", "people", "photo", "picture", "high quality", "masterpiece", "best quality", "clean",
           "crisp", "soft light", "background", "close-up", "illustration", "cartoon", "drawing", "a photo of",
           "dress", "shirt", "clothes", "sky", "tree", "house", "flower", "cat", "dog", "nose", "mouth", "head")


def random_palette(rng: np.random.Generator) -> dict:
    """Draw a palette: colour names (with the group that produced them), tone and texture."""
    kind = rng.random()
    group = ""
    if kind < 0.5:
        names = [str(rng.choice(list(COLORS)))]
    elif kind < 0.75:
        names = [str(n) for n in rng.choice(list(COLORS), size=2, replace=False)]
    else:
        group = str(rng.choice(list(GROUPS)))
        pool = GROUPS[group]
        names = [str(n) for n in rng.choice(pool, size=min(len(pool), 5), replace=False)]
    return {"names": names, "group": group, "tone": str(rng.choice(TONES)), "texture": str(rng.choice(TEXTURES))}


def pick_color(rng: np.random.Generator, palette: dict) -> np.ndarray:
    """One RGB colour (float 0..255) near a colour of the palette; one in eight is neutral."""
    if rng.random() < 0.12:
        base = np.full(3, rng.uniform(15, 245))
    else:
        base = np.array(COLORS[palette["names"][rng.integers(len(palette["names"]))]], float)
    shade = rng.normal(0, 0.28)
    base = base * (1 + shade) if shade < 0 else base + (255 - base) * shade
    base = base + rng.normal(0, 12, 3)
    tone = palette["tone"]
    if tone == "dark":
        base = base * 0.5
    elif tone == "bright":
        base = 128 + (base - 128) * 1.25 + 14
    elif tone == "pastel":
        base = base * 0.45 + 255 * 0.55
    return np.clip(base, 0, 255)


def caption(rng: np.random.Generator, palette: dict, with_color: bool = True) -> str:
    """Words for a palette; short ("red") or long ("portrait, red and blue stripes, dark, sharp")."""
    color_words = [_synonym(rng, n) for n in palette["names"][: 2 if not palette["group"] else 3]]
    parts: list[str] = []
    if with_color:
        if palette["group"] and rng.random() < 0.7:
            parts.append(palette["group"])
        else:
            parts.append(" and ".join(color_words) if rng.random() < 0.5 else ", ".join(color_words))
        if palette["tone"] and rng.random() < 0.8:
            parts.append(palette["tone"])
    if rng.random() < 0.5:
        parts.append(str(rng.choice(TEXTURE_WORDS[palette["texture"]])))
    concepts = palette.get("concepts") or []
    if concepts and rng.random() < 0.6:
        parts += [str(w) for w in rng.choice(concepts, size=min(len(concepts), int(rng.integers(1, 4))), replace=False)]
    parts += [str(w) for w in rng.choice(FILLERS, size=int(rng.integers(0, 5)), replace=False)] if rng.random() < 0.6 else []
    rng.shuffle(parts)
    return (", " if rng.random() < 0.7 else " ").join(parts)


def render(rng: np.random.Generator, palette: dict, size: int) -> np.ndarray:
    """Draw one picture, uint8 [size, size, 3]."""
    full = size * SUPERSAMPLE
    canvas = _background(rng, palette, full)
    outline = rng.random() < 0.3
    outline_color = tuple(int(v) for v in pick_color(rng, palette) * 0.3)
    biggest = full * rng.uniform(0.15, 0.6)
    smallest = 3.0 * SUPERSAMPLE * rng.choice([1.0, 1.0, 2.0, 4.0])
    exponent = rng.uniform(1.2, 2.6)
    count = int(rng.integers(20, 170) * (size / 320) ** 2) + 4
    radii = _power_law(rng, count, smallest, max(biggest, smallest * 2), exponent)
    if rng.random() < 0.6:
        radii = np.sort(radii)[::-1] * rng.uniform(0.75, 1.25, count)
    for radius in radii:
        _draw_shape(rng, canvas, palette, float(radius), outline_color if outline else None)
    return np.asarray(canvas.reduce(SUPERSAMPLE))


def _synonym(rng: np.random.Generator, name: str) -> str:
    words = SYNONYMS.get(name, (name,))
    return words[0] if rng.random() < 0.75 else str(rng.choice(words))


def _power_law(rng, count: int, low: float, high: float, exponent: float) -> np.ndarray:
    """Radii with density proportional to r^-exponent between low and high."""
    u = rng.random(count)
    k = 1 - exponent
    return (low**k + u * (high**k - low**k)) ** (1 / k)


def _background(rng, palette: dict, full: int) -> Image.Image:
    a, b = pick_color(rng, palette), pick_color(rng, palette)
    if rng.random() < 0.5:
        return Image.new("RGB", (full, full), tuple(int(v) for v in a))
    return Image.fromarray(_gradient(rng, full, full, a, b))


def _gradient(rng, width: int, height: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    t = np.clip(x * np.cos(angle) + y * np.sin(angle) + 0.5, 0, 1)[..., None]
    return (a * (1 - t) + b * t).astype(np.uint8)


def _outline_points(rng, kind: str, cx: float, cy: float, radius: float) -> list[tuple[float, float]]:
    """Polygon of the shape around (cx, cy)."""
    turn = rng.uniform(0, 2 * np.pi)
    if kind == "polygon":
        n = int(rng.integers(3, 8))
        angles = np.sort(rng.uniform(0, 2 * np.pi, n)) + turn
        radii = rng.uniform(0.6, 1.1, n) * radius
    elif kind == "rectangle":
        aspect = rng.uniform(0.15, 1.0)
        corner = np.arctan(aspect)
        angles = np.array([corner, np.pi - corner, np.pi + corner, -corner]) + turn
        radii = np.full(4, radius)
    elif kind == "star":
        n = int(rng.integers(4, 8)) * 2
        angles = np.arange(n) * 2 * np.pi / n + turn
        radii = np.where(np.arange(n) % 2 == 0, radius, radius * rng.uniform(0.35, 0.7))
    elif kind == "leaf":
        t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        px, py = np.cos(t), np.sin(t) * np.abs(np.sin(t)) * rng.uniform(0.3, 0.7)
        angles, radii = np.arctan2(py, px) + turn, np.hypot(px, py) * radius * 1.2
    else:  # ellipse
        t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        px, py = np.cos(t), np.sin(t) * rng.uniform(0.35, 1.0)
        angles, radii = np.arctan2(py, px) + turn, np.hypot(px, py) * radius
    return list(zip(cx + radii * np.cos(angles), cy + radii * np.sin(angles)))


def _stroke(rng, draw: ImageDraw.ImageDraw, full: int, radius: float, color) -> None:
    """A curved stroke, like a hair or a stem."""
    t = np.linspace(0, 1, 12)
    points = rng.uniform(0, full, 2)[None] + np.cumsum(rng.normal(0, 1, (4, 2)), 0)[[0, 1, 2, 3]] * radius * 1.5
    basis = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], 1)
    curve = [tuple(p) for p in basis @ points]
    width = max(2, int(min(radius * rng.uniform(0.05, 0.35), 24 * SUPERSAMPLE)))
    draw.line(curve, fill=color, width=width, joint="curve")


def _draw_shape(rng, canvas: Image.Image, palette: dict, radius: float, outline) -> None:
    """Draw one shape in place with a flat or textured fill."""
    full = canvas.size[0]
    draw = ImageDraw.Draw(canvas)
    color = tuple(int(v) for v in pick_color(rng, palette))
    texture = palette["texture"]
    if texture == "lines" and rng.random() < 0.6 or rng.random() < 0.12:
        _stroke(rng, draw, full, radius, color)
        return
    cx, cy = rng.uniform(0, full, 2)
    kind = "leaf" if texture == "leaves" and rng.random() < 0.75 else str(
        rng.choice(["ellipse", "ellipse", "disc", "disc", "polygon", "rectangle", "star", "leaf", "ring"]))
    width = max(2, int(SUPERSAMPLE * rng.uniform(1, 4)))
    if kind == "disc":
        draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=color, outline=outline, width=width)
    elif kind == "ring":
        draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), outline=color, width=max(3, int(radius * rng.uniform(0.1, 0.5))))
        return
    points = _outline_points(rng, kind, cx, cy, radius)
    if kind != "disc":
        draw.polygon(points, fill=color, outline=outline, width=width)
    textured = {"smooth": 0.1, "stripes": 0.75, "dots": 0.75, "leaves": 0.2, "lines": 0.2, "mixed": 0.35}[texture]
    if radius > 8 * SUPERSAMPLE and rng.random() < textured:
        _texture_fill(rng, canvas, palette, kind, points, (cx, cy, radius), np.array(color, float))


def _texture_fill(rng, canvas, palette, kind, points, disc, color) -> None:
    """Paste stripes, dots, a gradient or grain through the shape's mask."""
    cx, cy, radius = disc
    full = canvas.size[0]
    x0, y0 = max(0, int(cx - radius * 1.25)), max(0, int(cy - radius * 1.25))
    x1, y1 = min(full, int(cx + radius * 1.25) + 1), min(full, int(cy + radius * 1.25) + 1)
    if x1 - x0 < 8 or y1 - y0 < 8:
        return
    mask = Image.new("L", (x1 - x0, y1 - y0), 0)
    if kind == "disc":
        ImageDraw.Draw(mask).ellipse((cx - radius - x0, cy - radius - y0, cx + radius - x0, cy + radius - y0), fill=255)
    else:
        ImageDraw.Draw(mask).polygon([(px - x0, py - y0) for px, py in points], fill=255)
    style = palette["texture"] if palette["texture"] in ("stripes", "dots") and rng.random() < 0.8 else str(
        rng.choice(["stripes", "dots", "gradient", "gradient", "grain"]))
    pattern = _pattern(rng, palette, style, x1 - x0, y1 - y0, color)
    canvas.paste(Image.fromarray(pattern), (x0, y0), mask)


def _pattern(rng, palette, style: str, width: int, height: int, color: np.ndarray) -> np.ndarray:
    """Pattern uint8 [height, width, 3] based on `color`."""
    other = pick_color(rng, palette)
    if style == "gradient":
        return _gradient(rng, width, height, color, other)
    if style == "grain":
        coarse = rng.normal(0, 26, (height // 4 + 1, width // 4 + 1, 1)).astype(np.float32)
        grain = coarse.repeat(4, 0).repeat(4, 1)[:height, :width]
        return np.clip(color + grain, 0, 255).astype(np.uint8)
    period = SUPERSAMPLE * float(rng.choice([5, 7, 10, 14, 20, 28]))
    angle, duty = rng.uniform(0, np.pi), rng.uniform(0.3, 0.7)
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(height, dtype=np.float32)[:, None]
    u = (x * np.cos(angle) + y * np.sin(angle)) / period
    if style == "stripes":
        on = (u % 1) < duty
    else:
        v = (-x * np.sin(angle) + y * np.cos(angle)) / period
        on = (u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < (duty * 0.6) ** 2
    return np.where(on[..., None], other, color).astype(np.uint8)


def picture(seed: int, size: int) -> tuple[np.ndarray, dict]:
    """Picture number `seed`. Pictures 2k and 2k+1 share their palette (the second can be an anchor of the first)."""
    palette = random_palette(np.random.default_rng([seed // 2, 17]))
    return render(np.random.default_rng([seed, 23]), palette, size), palette


def build_pool(path: Path, first_seed: int, count: int, size: int) -> None:
    """Write `count` pictures to <path>.npy (uint8 [count, size, size, 3]) and their palettes to <path>.json."""
    pool = np.lib.format.open_memmap(path.with_suffix(".part.npy"), "w+", np.uint8, (count, size, size, 3))
    palettes = []
    for i in range(count):
        pool[i], palette = picture(first_seed + i, size)
        palettes.append(palette)
    pool.flush()
    path.with_suffix(".json").write_text(json.dumps(palettes))
    path.with_suffix(".part.npy").rename(path.with_suffix(".npy"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Pre-draw a pool of pictures.")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=320)
    args = parser.parse_args()
    build_pool(args.out, args.first_seed, args.count, args.size)


if __name__ == "__main__":
    main()
