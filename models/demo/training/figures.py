"""Flat-style figures and objects drawn from vector shapes, with exact instance masks.

Everything the demo SAM 3 learns to find is drawn here: people (face, eyes, mouth, hair, hands, shirt, hat, glasses),
cats, dogs, trees, houses, flowers, vases, cars, the sun, cups and balls. A `Scene` keeps two canvases of the same
size, a picture and a label map; each shape is drawn on both, so an instance's mask is exactly what is visible of it.

Units: the short side of a picture is 1, x runs right, y runs down. One head radius is the unit inside a person.
Everything is a function of a `random.Random`, so a seed always gives the same picture.
"""
from __future__ import annotations

import colorsys
import math
import random
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# The concepts that are learned and measured, each with the phrases that name it. The first phrase is the canonical one.
VOCABULARY: dict[str, list[str]] = {
    "face": ["face", "faces"],
    "eye": ["eye", "eyes"],
    "hand": ["hand", "hands"],
    "hair": ["hair", "hairs", "hairstyle"],
    "mouth": ["mouth", "mouths", "lips"],
    "person": ["person", "people", "persons", "human", "figure"],
    "woman": ["woman", "women", "girl", "girls", "lady"],
    "man": ["man", "men", "boy", "boys", "guy"],
    "shirt": ["shirt", "shirts", "clothes", "sweater", "top"],
    "hat": ["hat", "hats", "cap"],
    "glasses": ["glasses", "spectacles"],
    "cat": ["cat", "cats", "kitten"],
    "dog": ["dog", "dogs", "puppy"],
    "tree": ["tree", "trees"],
    "house": ["house", "houses", "building"],
    "flower": ["flower", "flowers", "blossom"],
    "vase": ["vase", "vases"],
    "car": ["car", "cars"],
    "sun": ["sun"],
    "cup": ["cup", "cups", "mug"],
    "ball": ["ball", "balls"],
}

Colour = tuple[int, int, int]

# Harmonious sets: background light, background dark, and clothing/prop colours that sit well on them.
PALETTES: list[tuple[str, str, list[str]]] = [
    ("#fbe3cf", "#f0b896", ["#2f5d62", "#e4674c", "#f4c95d", "#7a4b3a", "#88a096"]),
    ("#d8e9f0", "#8fb8cf", ["#f06c5b", "#f7d9a0", "#34526f", "#ffffff", "#5aa08d"]),
    ("#e9e4f5", "#b5a6d9", ["#5b4b8a", "#f2a65a", "#ee6c8a", "#f9f2df", "#3e7c8f"]),
    ("#dff0e0", "#97c7a4", ["#e9684a", "#2b5d50", "#f3c65f", "#fff6e6", "#7b5ea7"]),
    ("#fdecc8", "#f6c667", ["#c8553d", "#588b8b", "#2d3a5a", "#fff3e2", "#93b7be"]),
    ("#f9dfe4", "#e8a2b4", ["#7d2e4f", "#4f9d9a", "#f5efe0", "#f2b632", "#3d405b"]),
    ("#2e3a59", "#151c33", ["#f2c14e", "#e76f51", "#8ecae6", "#f1ede4", "#7fb685"]),
    ("#40515e", "#232e37", ["#ef8354", "#bfc0c0", "#f4d58d", "#8fc0a9", "#e0607e"]),
    ("#f3f0ea", "#cfc7ba", ["#b5533c", "#3f6c7d", "#d9a441", "#5c6b4f", "#2f2f3a"]),
    ("#cfe8e5", "#6fb3ae", ["#ff8c61", "#264653", "#fff0d4", "#ce4760", "#e9c46a"]),
    ("#ead7c3", "#b08968", ["#386641", "#bc4749", "#f2e8cf", "#33658a", "#f6ae2d"]),
    ("#c9d6ea", "#7389ae", ["#ffd166", "#ef476f", "#fcfcf7", "#118a8b", "#5f0f40"]),
]
SKINS = ["#ffe0c7", "#fbd3b4", "#f2bf98", "#e3a578", "#cc8a5b", "#a96b43", "#8a5434", "#6b3f28"]
HAIRS = ["#2a1f1d", "#3d2a22", "#5b3a26", "#7c4a28", "#a8642f", "#c98d3f", "#e6c06c", "#b5432f", "#8c8c92", "#e8e2d8",
         "#3a4a7a", "#a85a86"]
IRISES = ["#4a2f20", "#6b4a2b", "#3b6b8f", "#4f8a5b", "#5a6a7a", "#2b2b33", "#7a5a9a"]


def rgb(value: str | Colour) -> Colour:
    """`#rrggbb` or a triple, as a triple of 0..255."""
    if isinstance(value, str):
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
    return value


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour a fraction `t` of the way from a to b."""
    return tuple(int(round(x + (y - x) * t)) for x, y in zip(rgb(a), rgb(b)))  # type: ignore[return-value]


def darker(c: Colour, t: float = 0.15) -> Colour:
    """A deeper tone that leans to blue-violet, as shadows do in flat illustration."""
    return mix(rgb(c), (38, 22, 62), t)


def lighter(c: Colour, t: float = 0.2) -> Colour:
    """A lighter, slightly warm tone."""
    return mix(rgb(c), (255, 250, 236), t)


def random_colour(r: random.Random) -> Colour:
    """Any pleasant colour: no full saturation, no mud."""
    c = colorsys.hsv_to_rgb(r.random(), r.uniform(0.15, 0.75), r.uniform(0.4, 1.0))
    return tuple(int(255 * v) for v in c)  # type: ignore[return-value]


# ---------------------------------------------------------------------------------------------------- geometry

def ellipse(cx: float, cy: float, rx: float, ry: float, rot: float = 0.0, n: int = 44, power: float = 2.0) -> np.ndarray:
    """Closed outline [n,2]; power above 2 squares the shape off."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    x = np.sign(c) * np.abs(c) ** (2 / power) * rx
    y = np.sign(s) * np.abs(s) ** (2 / power) * ry
    cr, sr = math.cos(rot), math.sin(rot)
    return np.stack([cx + x * cr - y * sr, cy + x * sr + y * cr], 1)


def smooth(points: list[tuple[float, float]] | np.ndarray, closed: bool = True, per: int = 8) -> np.ndarray:
    """Catmull-Rom curve through the points, [n*per,2]."""
    p = np.asarray(points, float)
    if closed:
        q = np.concatenate([p[-1:], p, p[:2]])
    else:
        q = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, per, endpoint=False)[:, None]
    out = []
    for i in range(1, len(q) - 2):
        a, b, c, d = q[i - 1], q[i], q[i + 1], q[i + 2]
        out.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3))
    if not closed:
        out.append(p[-1:])
    return np.concatenate(out)


def rounded_rect(x0: float, y0: float, x1: float, y1: float, r: float) -> np.ndarray:
    """Outline of a rectangle with round corners."""
    r = min(r, (x1 - x0) / 2, (y1 - y0) / 2)
    out = []
    for cx, cy, a in ((x1 - r, y1 - r, 0), (x0 + r, y1 - r, 1), (x0 + r, y0 + r, 2), (x1 - r, y0 + r, 3)):
        t = np.linspace(a * math.pi / 2, (a + 1) * math.pi / 2, 7)
        out.append(np.stack([cx + r * np.cos(t), cy + r * np.sin(t)], 1))
    return np.concatenate(out)


@dataclass
class Frame:
    """A place to draw in: origin, scale, rotation and mirroring."""

    x: float
    y: float
    scale: float
    rot: float = 0.0
    mirror: bool = False

    def __call__(self, points: np.ndarray | list) -> np.ndarray:
        """Local points [n,2] to scene points [n,2]."""
        p = np.asarray(points, float) * self.scale
        if self.mirror:
            p = p * np.array([-1.0, 1.0])
        c, s = math.cos(self.rot), math.sin(self.rot)
        return np.stack([self.x + p[:, 0] * c - p[:, 1] * s, self.y + p[:, 0] * s + p[:, 1] * c], 1)


# ---------------------------------------------------------------------------------------------------- the scene

@dataclass
class Instance:
    """One thing that can be asked for: its concepts, and see-through outlines that belong to it (lenses of glasses)."""

    concepts: frozenset[str]
    lenses: list[tuple[np.ndarray, int]] = field(default_factory=list)


class Scene:
    """A picture and its label map, drawn together. `owners` of a shape are the instances that it is part of."""

    def __init__(self, width: int, height: int, ss: int = 2):
        """width, height: size of the finished picture in pixels; ss: supersampling factor."""
        self.width, self.height, self.ss = width, height, ss
        self.k = min(width, height) * ss
        self.W, self.H = width * ss / self.k, height * ss / self.k
        size = (width * ss, height * ss)
        self.rgb = Image.new("RGB", size, (200, 200, 200))
        self.ids = Image.new("I", size, 0)
        self._paint, self._label = ImageDraw.Draw(self.rgb), ImageDraw.Draw(self.ids)
        self.parts: list[tuple[int, ...]] = [()]
        self._part_of: dict[tuple[int, ...], int] = {(): 0}
        self.instances: list[Instance] = []
        self.decor: random.Random | None = None  # chooses decoration of the backdrop; None for a plain one

    def instance(self, *concepts: str) -> int:
        """A new instance that answers to the given concepts; returns its index."""
        self.instances.append(Instance(frozenset(concepts)))
        return len(self.instances) - 1

    def _part(self, owners: tuple[int, ...]) -> int:
        key = tuple(sorted(set(owners)))
        if key not in self._part_of:
            self._part_of[key] = len(self.parts)
            self.parts.append(key)
        return self._part_of[key]

    def fill(self, points: np.ndarray, paint, owners: tuple[int, ...] = ()) -> None:
        """Fill an outline. paint: a colour, or (c1, c2) top to bottom, or (c1, c2, "h") left to right."""
        p = np.asarray(points) * self.k
        xy = [tuple(v) for v in p.tolist()]
        if isinstance(paint, str) or not isinstance(paint[0], (tuple, str)):
            self._paint.polygon(xy, fill=rgb(paint))
        else:
            x0, y0 = np.floor(p.min(0)).astype(int)
            x1, y1 = np.ceil(p.max(0)).astype(int) + 1
            cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x1, self.rgb.width), min(y1, self.rgb.height)
            if cx1 > cx0 and cy1 > cy0:
                mask = Image.new("L", (cx1 - cx0, cy1 - cy0), 0)
                ImageDraw.Draw(mask).polygon([(x - cx0, y - cy0) for x, y in xy], fill=255)
                horizontal = len(paint) > 2 and paint[2] == "h"
                n = 256
                t = np.linspace(0, 1, n)[:, None]
                ramp = np.asarray(rgb(paint[0])) * (1 - t) + np.asarray(rgb(paint[1])) * t
                ramp_image = Image.fromarray(ramp.round().astype(np.uint8)[None] if horizontal else ramp.round().astype(np.uint8)[:, None])
                if horizontal:
                    box = ((cx0 - x0) / (x1 - x0) * n, 0, (cx1 - x0) / (x1 - x0) * n, 1)
                else:
                    box = (0, (cy0 - y0) / (y1 - y0) * n, 1, (cy1 - y0) / (y1 - y0) * n)
                ramp_image = ramp_image.resize(mask.size, Image.BILINEAR, box=box)
                self.rgb.paste(ramp_image, (cx0, cy0), mask)
        self._label.polygon(xy, fill=self._part(owners))

    def stroke(self, points: np.ndarray, width: float, paint: Colour | str, owners: tuple[int, ...] = ()) -> None:
        """A thick line with round ends and joints."""
        p = np.asarray(points) * self.k
        w = max(1, int(round(width * self.k)))
        xy = [tuple(v) for v in p.tolist()]
        part = self._part(owners)
        for draw, colour in ((self._paint, rgb(paint)), (self._label, part)):
            draw.line(xy, fill=colour, width=w, joint="curve")
            if w > 2:
                for x, y in (xy[0], xy[-1]):
                    draw.ellipse((x - w / 2, y - w / 2, x + w / 2, y + w / 2), fill=colour)

    def glow(self, x: float, y: float, rx: float, ry: float, colour: Colour | str, alpha: float = 0.5, hard: float = 0.0) -> None:
        """A soft blot of light or shadow; it changes the picture, not the labels."""
        k = self.k
        x0, y0, w, h = int((x - rx) * k), int((y - ry) * k), max(2, int(2 * rx * k)), max(2, int(2 * ry * k))
        if x0 > self.rgb.width or y0 > self.rgb.height or x0 + w < 0 or y0 + h < 0:
            return
        n = 96
        yy, xx = np.mgrid[0:n, 0:n]
        d = np.hypot(xx - (n - 1) / 2, yy - (n - 1) / 2) / (n / 2)
        fall = np.clip((1 - d) / max(1 - hard, 1e-3), 0, 1)
        fall = fall * fall * (3 - 2 * fall) * 255 * alpha
        mask = Image.fromarray(fall.astype(np.uint8)).resize((w, h), Image.BILINEAR)
        self.rgb.paste(Image.new("RGB", (w, h), rgb(colour)), (x0, y0), mask)

    def picture(self) -> Image.Image:
        """The finished RGB picture at width x height."""
        return self.rgb.resize((self.width, self.height), Image.BOX)

    def masks(self) -> list[tuple[frozenset[str], np.ndarray]]:
        """(concepts, bool [H*ss, W*ss]) of every instance that is visible."""
        ids = np.asarray(self.ids)
        tables = np.zeros((len(self.instances), len(self.parts)), bool)
        for part, owners in enumerate(self.parts):
            tables[list(owners), part] = True
        out = []
        for i, inst in enumerate(self.instances):
            mask = tables[i][ids]
            for outline, behind in inst.lenses:
                lens = Image.new("1", self.ids.size, 0)
                ImageDraw.Draw(lens).polygon([tuple(v) for v in (outline * self.k).tolist()], fill=1)
                mask = mask | (np.asarray(lens) & tables[behind][ids])
            if mask.any():
                out.append((inst.concepts, mask))
        return out


def mask_at(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    """Area-average a bool mask down to height x width and keep what is at least half covered."""
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(image.resize((width, height), Image.BOX)) >= 128


# ---------------------------------------------------------------------------------------------------- a person

@dataclass
class Look:
    """How a person looks. Everything that is not given is drawn at random by `random_look`."""

    woman: bool
    skin: Colour
    hair: Colour
    iris: Colour
    shirt: Colour
    shirt2: Colour
    pants: Colour
    hat: Colour
    hair_style: str = "short"
    fringe: str = "side"
    eye_size: float = 1.0
    mouth_style: str = "smile"
    pattern: str = "plain"
    sleeve: str = "long"
    hat_style: str = "none"
    glasses: str = "none"
    beard: bool = False
    blush: bool = True
    look_x: float = 0.0
    detail: bool = False


WOMAN_HAIR = ["long", "wavy", "bob", "bun", "ponytail", "twin", "afro"]
MAN_HAIR = ["short", "spiky", "curly", "side", "buzz"]


def random_look(r: random.Random, palette: list[str]) -> Look:
    """A person with colours from the palette or, one time in three, from anywhere."""
    colours = [rgb(c) for c in palette]
    r.shuffle(colours)
    while len(colours) < 5:
        colours.append(random_colour(r))
    if r.random() < 0.35:
        colours = [random_colour(r) for _ in range(5)]
    woman = r.random() < 0.5
    skin = rgb(r.choice(SKINS))
    hair = rgb(r.choice(HAIRS))
    if sum(abs(a - b) for a, b in zip(skin, hair)) < 90:
        hair = rgb("#2a1f1d")
    return Look(
        woman=woman, skin=skin, hair=hair, iris=rgb(r.choice(IRISES)), shirt=colours[0], shirt2=colours[1], pants=colours[2],
        hat=colours[3], hair_style=r.choice(WOMAN_HAIR if woman else MAN_HAIR),
        fringe=r.choice(["side", "straight", "parted", "sweep"]), eye_size=r.uniform(0.92, 1.2) * (1.06 if woman else 0.94),
        mouth_style=r.choice(["smile", "open", "lips", "lips"] if woman else ["smile", "open", "lips", "open"]),
        pattern=r.choice(["plain", "plain", "stripes", "collar", "dots", "vneck"]), sleeve=r.choice(["long", "long", "short"]),
        hat_style=r.choice(["none"] * 5 + ["beanie", "brim", "cap", "tophat", "party", "beret"]),
        glasses=r.choice(["none"] * 5 + ["round", "square", "big"]), beard=(not woman) and r.random() < 0.15,
        blush=r.random() < 0.6, look_x=r.uniform(-0.16, 0.16))


def head_outline(grow: float = 1.0) -> np.ndarray:
    """Head contour in head radii, chin down."""
    t = np.linspace(0, 2 * math.pi, 56, endpoint=False)
    s = np.sin(t)
    x = 0.88 * np.cos(t) * (1 - 0.17 * np.clip(s, 0, 1) ** 1.5)
    return np.stack([x, 1.0 * s], 1) * grow


def draw_hand(scene: Scene, x: float, y: float, angle: float, size: float, skin: Colour, kind: str, owners: tuple[int, ...], thumb: int = 1) -> None:
    """A hand whose fingers point along `angle`. kind: open, rest or fist; thumb: +1/-1 side of the thumb."""
    f = Frame(x, y, size, angle)
    shade = darker(skin, 0.16)
    spread, length = {"open": (0.30, 1.0), "rest": (0.12, 0.82), "fist": (0.10, 0.30)}[kind]
    thumb_tip = {"open": (0.52, 0.98), "rest": (0.62, 0.70), "fist": (0.62, 0.52)}[kind]
    scene.stroke(f([(0.05, 0.3 * thumb), (thumb_tip[0], thumb_tip[1] * thumb)]), 0.31 * size, skin, owners)
    for i in (-1.5, -0.5, 0.5, 1.5):
        a = i * spread
        base = np.array([0.42, i * 0.22])
        reach = length * (0.82 if abs(i) > 1 else 0.95)
        tip = base + reach * np.array([math.cos(a), math.sin(a)])
        scene.stroke(f([base * 0.6, tip]), 0.27 * size, skin, owners)
    scene.fill(f(ellipse(0.18, 0, 0.52, 0.5, power=2.6)), skin, owners)
    lines = {"open": (0.5, 0.62), "rest": (0.5, 1.15), "fist": (0.35, 0.78)}[kind]
    for i in (-1, 0, 1):
        a = i * spread * 0.9
        scene.stroke(f([(lines[0], i * 0.2), (lines[1], i * 0.2 + (lines[1] - lines[0]) * math.tan(a))]), 0.05 * size, shade, owners)


def _elbow(shoulder: np.ndarray, wrist: np.ndarray, upper: float, fore: float, bend: float) -> np.ndarray:
    """Where the elbow goes (two-bone inverse kinematics); bend +1/-1 picks the side."""
    d = wrist - shoulder
    dist = float(np.hypot(*d)) + 1e-6
    reach = min(dist, (upper + fore) * 0.995)
    a = (upper ** 2 - fore ** 2 + reach ** 2) / (2 * reach)
    h = math.sqrt(max(upper ** 2 - a ** 2, 0.0))
    u = d / dist
    return shoulder + u * a + np.array([-u[1], u[0]]) * h * bend


@dataclass
class Arm:
    """What one arm does: the wrist's place in head radii, the hand's kind, its direction (None: along the forearm), and what it holds."""

    wrist: tuple[float, float]
    kind: str = "rest"
    angle: float | None = None
    holds: str | None = None
    bend: int = 1


def random_arms(r: random.Random) -> list[Arm | None]:
    """Left and right arm (screen side -1 and +1)."""
    arms: list[Arm | None] = []
    for side in (-1, 1):
        pose = r.choice(["wave", "wave", "down", "hip", "hold", "chest", "cheek", "point"])
        if pose == "wave":
            arm = Arm((side * r.uniform(1.55, 2.1), r.uniform(-0.1, 0.9)), "open", -math.pi / 2 + side * r.uniform(-0.1, 0.45), bend=-side)
        elif pose == "down":
            arm = Arm((side * r.uniform(1.25, 1.55), r.uniform(3.0, 3.25)), r.choice(["rest", "fist", "open"]), math.pi / 2 + side * r.uniform(-0.2, 0.2), bend=-side)
        elif pose == "hip":
            arm = Arm((side * 1.05, 2.75), "rest", math.pi / 2 + side * 0.8, bend=-side)
        elif pose == "hold":
            arm = Arm((side * r.uniform(0.6, 1.1), r.uniform(1.75, 2.3)), "fist", -math.pi / 2 - side * r.uniform(0.0, 0.4), r.choice(["cup", "flower", "ball"]), bend=-side)
        elif pose == "chest":
            arm = Arm((side * r.uniform(0.35, 0.6), r.uniform(1.9, 2.3)), "rest", math.pi + (0.35 if side > 0 else math.pi - 0.35), bend=-side)
        elif pose == "cheek":
            arm = Arm((side * r.uniform(0.95, 1.1), r.uniform(0.95, 1.15)), r.choice(["rest", "open"]), -math.pi / 2 - side * r.uniform(-0.1, 0.25), bend=-side)
        else:
            arm = Arm((side * r.uniform(1.9, 2.3), r.uniform(1.4, 2.0)), r.choice(["open", "rest"]), (0 if side > 0 else math.pi) - side * r.uniform(0.0, 0.5), bend=-side)
        arms.append(arm)
    if arms[0] and arms[1] and arms[0].holds and arms[1].holds:
        arms[1].holds, arms[1].kind = None, "rest"
    return arms


def draw_person(scene: Scene, x: float, y: float, r: float, look: Look, arms: list[Arm | None], rng: random.Random, tilt: float = 0.0,
                full: bool = False) -> None:
    """A person whose head is centred at (x, y) with radius r. full: with legs; otherwise the picture's edge cuts the body."""
    person = scene.instance("person", "woman" if look.woman else "man")
    hair, face, shirt = scene.instance("hair"), scene.instance("face"), scene.instance("shirt")
    b = Frame(x, y, r)
    pivot = np.array([0.0, 0.9])
    off = b([pivot])[0] - Frame(0, 0, r, tilt)([pivot])[0]
    h = Frame(float(off[0]), float(off[1]), r, tilt)
    sw = 1.12 if look.woman else 1.26
    _hair_back(scene, h, look, (hair, person), rng)
    if full:
        _legs(scene, b, look, (person,))
    for side in (-1, 1):  # arms that hang behind the torso's edge are drawn before it
        arm = arms[0 if side < 0 else 1]
        if arm and arm.wrist[1] > 2.6 and abs(arm.wrist[0]) > 1.2:
            _arm(scene, b, look, arm, side, sw, person, shirt, rng)
    _torso(scene, b, look, sw, person, shirt, full)
    neck = darker(look.skin, 0.10)
    scene.fill(b(rounded_rect(-0.27, 0.7, 0.27, 1.38, 0.2)), (darker(look.skin, 0.26), neck), (person,))
    _head(scene, h, look, person, face, rng)
    _hair_front(scene, h, look, (hair, person), rng)
    _accessories(scene, h, look, person, face, rng)
    for side in (-1, 1):
        arm = arms[0 if side < 0 else 1]
        if arm and not (arm.wrist[1] > 2.6 and abs(arm.wrist[0]) > 1.2):
            _arm(scene, b, look, arm, side, sw, person, shirt, rng)


def _legs(scene: Scene, b: Frame, look: Look, owners: tuple[int, ...]) -> None:
    shoe = darker(look.pants, 0.55)
    if look.woman and look.pattern in ("plain", "dots", "vneck"):
        for s in (-1, 1):
            scene.stroke(b([(0.36 * s, 3.3), (0.38 * s, 4.55)]), 0.36 * b.scale, look.skin, owners)
            scene.fill(b(ellipse(0.42 * s, 4.66, 0.36, 0.2)), shoe, owners)
        scene.fill(b(smooth([(-0.75, 2.7), (0.75, 2.7), (1.15, 3.75), (0, 3.9), (-1.15, 3.75)], per=6)), (look.pants, darker(look.pants, 0.2)), owners)
    else:
        for s in (-1, 1):
            scene.stroke(b([(0.38 * s, 3.0), (0.42 * s, 4.5)]), 0.58 * b.scale, darker(look.pants, 0.06 if s < 0 else 0.0), owners)
            scene.fill(b(ellipse(0.47 * s, 4.72, 0.40, 0.2)), shoe, owners)


def _torso(scene: Scene, b: Frame, look: Look, sw: float, person: int, shirt: int, full: bool) -> None:
    bottom = 3.15 if full else 4.6
    waist = sw * (0.74 if look.woman else 0.86)
    body = smooth([(-0.30, 1.12), (0.30, 1.12), (sw * 0.82, 1.34), (sw * 0.98, 1.75), (waist, 2.5), (waist * 1.02, bottom), (0, bottom + 0.05),
                   (-waist * 1.02, bottom), (-waist, 2.5), (-sw * 0.98, 1.75), (-sw * 0.82, 1.34)])
    own = (shirt, person)
    scene.fill(b(body), (lighter(look.shirt, 0.10), darker(look.shirt, 0.16)), own)
    edge = [(sw * 0.93, 1.7), (waist, 2.5), (waist * 1.0, bottom)]
    if look.pattern == "stripes":
        for i, yy in enumerate(np.arange(1.75, bottom - 0.1, 0.42)):
            half = float(np.interp(yy, [p[1] for p in edge], [p[0] for p in edge])) * 0.97
            scene.fill(b([(-half, yy), (half, yy), (half, yy + 0.17), (-half, yy + 0.17)]), look.shirt2, own)
    elif look.pattern == "dots":
        for yy in np.arange(1.75, bottom - 0.2, 0.42):
            half = float(np.interp(yy, [p[1] for p in edge], [p[0] for p in edge])) - 0.09
            for xx in np.arange(-0.7, 0.88, 0.35):
                xx = xx + (0.17 if int(yy * 10) % 2 else 0)
                if abs(xx) < half:
                    scene.fill(b(ellipse(xx, yy, 0.07, 0.07, n=14)), look.shirt2, own)
    if look.pattern == "collar":
        for s in (-1, 1):
            scene.fill(b([(0, 1.55), (s * 0.30, 1.12), (s * 0.52, 1.42), (s * 0.25, 1.72)]), look.shirt2, own)
        scene.stroke(b([(0, 1.55), (0, bottom)]), 0.05 * b.scale, darker(look.shirt, 0.3), own)
        for yy in np.arange(1.9, bottom - 0.2, 0.5):
            scene.fill(b(ellipse(0.0, yy, 0.06, 0.06, n=12)), look.shirt2, own)
    elif look.pattern == "vneck":
        scene.fill(b([(-0.30, 1.13), (0.30, 1.13), (0, 1.72)]), darker(look.skin, 0.06), (person,))
    else:
        scene.fill(b(ellipse(0, 1.16, 0.36, 0.2)), darker(look.shirt, 0.25), own)


def _arm(scene: Scene, b: Frame, look: Look, arm: Arm, side: int, sw: float, person: int, shirt: int, rng: random.Random) -> None:
    hand = scene.instance("hand")
    shoulder, wrist = np.array([side * (sw - 0.20), 1.58]), np.array(arm.wrist, float)
    reach = float(np.hypot(*(wrist - shoulder)))
    if reach > 1.98:
        wrist = shoulder + (wrist - shoulder) * (1.98 / reach)
    elbow = _elbow(shoulder, wrist, 1.02, 0.98, arm.bend)
    cloth = darker(look.shirt, 0.09)
    curve = smooth([shoulder, shoulder * 0.35 + elbow * 0.65, elbow * 0.62 + wrist * 0.38, wrist], closed=False, per=6)
    own = (shirt, person)
    if look.sleeve == "long":
        scene.stroke(b(curve), 0.46 * b.scale, cloth, own)
        cuff = wrist * 0.9 + elbow * 0.1
        scene.stroke(b([cuff, wrist]), 0.5 * b.scale, darker(look.shirt2 if look.pattern != "plain" else look.shirt, 0.2), own)
    else:
        scene.stroke(b(curve), 0.36 * b.scale, darker(look.skin, 0.05), (person,))
        cut = len(curve) // 3
        scene.stroke(b(curve[:cut + 1]), 0.52 * b.scale, cloth, own)
    fore = wrist - elbow
    along = math.atan2(fore[1], fore[0])
    angle = along if arm.angle is None else arm.angle
    size = 0.47 if look.woman else 0.52
    palm = wrist + 0.16 * np.array([math.cos(angle), math.sin(angle)])
    px, py = b([palm + 0.2 * np.array([math.cos(angle), math.sin(angle)])])[0]
    s = b.scale
    if arm.holds == "cup":
        draw_cup(scene, px, py + 0.42 * s, 0.9 * s, look.shirt2, rng, mirror=side < 0)
    elif arm.holds == "flower":
        draw_flower(scene, px, py + 0.9 * s, 2.0 * s, look.hat, rng)
    elif arm.holds == "ball":
        draw_ball(scene, px, py - 0.45 * s, 0.55 * s, look.hat, look.shirt2, rng)
    bx, by = b([palm])[0]
    draw_hand(scene, float(bx), float(by), angle, size * s, look.skin, arm.kind, (hand, person), thumb=-side if math.sin(angle) < 0.2 else side)


def _head(scene: Scene, h: Frame, look: Look, person: int, face: int, rng: random.Random) -> None:
    own = (face, person)
    dx = look.look_x
    for s in (-1, 1):
        scene.fill(h(ellipse(s * 0.86, 0.12, 0.17, 0.23)), darker(look.skin, 0.08), own)
    scene.fill(h(head_outline()), (lighter(look.skin, 0.12), darker(look.skin, 0.07)), own)
    if look.beard:
        beard = [(-0.80, 0.22), (-0.55, 0.42), (-0.35, 0.40), (0.35, 0.40), (0.55, 0.42), (0.80, 0.22), (0.62, 0.80), (0.0, 1.06), (-0.62, 0.80)]
        scene.fill(h(smooth(beard, per=5)), look.hair, own)
    if look.blush:
        for s in (-1, 1):
            cx, cy = h([(s * 0.52 + dx, 0.42)])[0]
            scene.glow(float(cx), float(cy), 0.24 * h.scale, 0.17 * h.scale, mix(look.skin, (235, 80, 80), 0.6), 0.5)
    e = look.eye_size
    for s in (-1, 1):
        eye = scene.instance("eye")
        o = (eye, face, person)
        ex, ey = s * 0.37 + dx, 0.08
        rx, ry = (0.195 * e, 0.225 * e) if look.woman else (0.19 * e, 0.19 * e)
        scene.fill(h(ellipse(ex, ey, rx, ry)), "#fdfcf8", o)
        ix = ex + dx * 0.35
        scene.fill(h(ellipse(ix, ey + 0.015, rx * 0.66, ry * 0.78)), (darker(look.iris, 0.35), lighter(look.iris, 0.15)), o)
        scene.fill(h(ellipse(ix, ey + 0.015, rx * 0.34, ry * 0.42)), "#17131c", o)
        scene.fill(h(ellipse(ix - rx * 0.26, ey - ry * 0.30, rx * 0.22, ry * 0.24, n=16)), "#ffffff", o)
        t = np.linspace(math.pi * 1.04, math.pi * 1.96, 12)
        lid = np.stack([ex + rx * 1.04 * np.cos(t), ey + ry * 1.04 * np.sin(t)], 1)
        scene.stroke(h(lid), 0.07 * h.scale, darker(look.hair, 0.5) if look.woman else darker(look.skin, 0.6), o)
        if look.woman:
            scene.stroke(h([(ex + s * rx * 0.95, ey - ry * 0.35), (ex + s * rx * 1.3, ey - ry * 0.65)]), 0.05 * h.scale, darker(look.hair, 0.5), o)
        brow = smooth([(ex - 0.2, ey - ry - 0.12), (ex, ey - ry - 0.19), (ex + 0.2, ey - ry - 0.12)], closed=False, per=8)
        scene.stroke(h(brow), (0.055 if look.woman else 0.09) * h.scale, darker(look.hair, 0.15), own)
    scene.stroke(h(smooth([(dx * 1.25 - 0.03, 0.28), (dx * 1.3 + 0.07, 0.37), (dx * 1.25 - 0.04, 0.40)], closed=False, per=8)), 0.05 * h.scale, darker(look.skin, 0.24), own)
    mouth = scene.instance("mouth")
    o = (mouth, face, person)
    mx, my = dx * 1.1, 0.62
    lip = mix(look.skin, (196, 44, 62), 0.72 if look.woman else 0.5)
    if look.mouth_style == "open":
        w = 0.31
        t = np.linspace(0, math.pi, 18)
        outline = np.concatenate([[(mx - w, my - 0.07)], np.stack([mx + w * np.cos(t[::-1]), my - 0.07 + 0.30 * np.sin(t)], 1), [(mx + w, my - 0.07)]])
        scene.fill(h(outline), "#7c1f2e", o)
        scene.fill(h(smooth([(mx - w * 0.84, my - 0.065), (mx + w * 0.84, my - 0.065), (mx + w * 0.72, my + 0.03), (mx - w * 0.72, my + 0.03)], per=3)), "#fffaf2", o)
        scene.fill(h(ellipse(mx, my + 0.17, 0.15, 0.065)), "#e46a72", o)
    elif look.mouth_style == "lips":
        w = 0.27
        upper = [(mx - w, my), (mx - 0.1, my - 0.105), (mx, my - 0.07), (mx + 0.1, my - 0.105), (mx + w, my)]
        scene.fill(h(smooth(upper + [(mx + 0.13, my + 0.14), (mx, my + 0.165), (mx - 0.13, my + 0.14)], per=5)), (lip, lighter(lip, 0.12)), o)
        scene.stroke(h(smooth([(mx - w * 0.86, my + 0.0), (mx, my + 0.035), (mx + w * 0.86, my + 0.0)], closed=False, per=5)), 0.035 * h.scale, darker(lip, 0.45), o)
    else:
        w = 0.30
        curve = [(mx - w, my - 0.06), (mx, my + 0.045), (mx + w, my - 0.06), (mx + 0.15, my + 0.13), (mx, my + 0.165), (mx - 0.15, my + 0.13)]
        scene.fill(h(smooth(curve, per=6)), lip, o)
        scene.stroke(h(smooth([(mx - w, my - 0.06), (mx, my + 0.05), (mx + w, my - 0.06)], closed=False, per=6)), 0.05 * h.scale, darker(lip, 0.5), o)


def _hair_back(scene: Scene, h: Frame, look: Look, own: tuple[int, ...], rng: random.Random) -> None:
    c, d = look.hair, darker(look.hair, 0.22)
    st = look.hair_style
    if st in ("long", "wavy"):
        length = rng.uniform(1.7, 2.4)
        pts = [(0, -1.16), (0.62, -1.03), (1.0, -0.55), (1.08, 0.0), (1.12, 0.6), (1.16, length - 0.4), (0.9, length), (0, length - 0.15), (-0.9, length), (-1.16, length - 0.4),
               (-1.12, 0.6), (-1.08, 0.0), (-1.0, -0.55), (-0.62, -1.03)]
        curve = smooth(pts)
        if st == "wavy":
            swing = 0.09 * np.clip((curve[:, 1] + 0.5) / 0.8, 0, 1) * np.sin(curve[:, 1] * 7)
            curve = curve + np.stack([swing * np.sign(curve[:, 0]), np.zeros(len(curve))], 1)
        scene.fill(h(curve), (c, d), own)
    elif st == "bob":
        scene.fill(h(smooth([(0, -1.15), (0.8, -0.92), (1.12, -0.1), (1.2, 0.85), (0.75, 1.05), (0, 0.95), (-0.75, 1.05), (-1.2, 0.85), (-1.12, -0.1), (-0.8, -0.92)])), (c, d), own)
    elif st == "bun":
        scene.fill(h(ellipse(0.0, -1.28, 0.46, 0.42)), (c, d), own)
        scene.fill(h(ellipse(0, -0.12, 1.0, 1.02)), d, own)
    elif st == "ponytail":
        s = 1 if rng.random() < 0.5 else -1
        scene.fill(h(smooth([(0.5 * s, -0.95), (1.25 * s, -0.85), (1.62 * s, 0.0), (1.45 * s, 1.1), (1.2 * s, 1.55), (1.1 * s, 0.6), (0.85 * s, -0.2)])), (c, d), own)
        scene.fill(h(ellipse(0, -0.12, 1.0, 1.02)), d, own)
    elif st == "twin":
        for s in (-1, 1):
            scene.fill(h(smooth([(0.75 * s, -0.55), (1.3 * s, -0.45), (1.6 * s, 0.4), (1.45 * s, 1.5), (1.25 * s, 1.75), (1.05 * s, 1.0), (0.95 * s, 0.1)])), (c, d), own)
            scene.fill(h(ellipse(0.98 * s, -0.42, 0.14, 0.17)), look.shirt2, own)
        scene.fill(h(ellipse(0, -0.12, 1.0, 1.02)), d, own)
    elif st in ("afro", "curly"):
        size = 1.28 if st == "afro" else 1.06
        n = 14
        for i in range(n):
            a = math.pi * (0.88 + 1.24 * i / (n - 1)) if st == "curly" else math.pi * (0.72 + 1.56 * i / (n - 1))
            scene.fill(h(ellipse(size * 0.82 * math.cos(a), -0.1 + size * 0.86 * math.sin(a), 0.36 * size, 0.36 * size, n=26)), mix(c, d, i / n), own)
        scene.fill(h(ellipse(0, -0.22, size * 0.92, size * 0.9)), (c, d), own)


def _hair_front(scene: Scene, h: Frame, look: Look, own: tuple[int, ...], rng: random.Random) -> None:
    c = look.hair
    st = look.hair_style
    grow = 1.09
    low = {"long": 0.42, "wavy": 0.42, "bob": 0.5, "bun": -0.05, "ponytail": -0.02, "twin": 0.02, "afro": -0.15, "short": 0.0, "spiky": -0.08, "curly": -0.08,
           "side": 0.08, "buzz": -0.2}[st]
    t0 = math.asin(max(-0.9, min(0.9, low / grow)))
    t = np.linspace(math.pi - t0, 2 * math.pi + t0, 30)
    outer = np.stack([0.88 * grow * np.cos(t), grow * np.sin(t)], 1)
    if st == "buzz":
        outer *= 0.975
    edge_l, edge_r = outer[0] * np.array([0.86, 1]), outer[-1] * np.array([0.86, 1])
    fr = look.fringe
    top = -0.36
    if st == "buzz":
        inner = [(0.74, -0.36), (0.45, -0.60), (0, -0.62), (-0.45, -0.60), (-0.74, -0.36)]
    elif st == "spiky":
        inner = [(0.70, -0.24), (0.52, -0.50), (0.34, -0.26), (0.12, -0.54), (-0.10, -0.28), (-0.32, -0.55), (-0.52, -0.28), (-0.70, -0.42)]
    elif st in ("afro", "curly"):
        inner = [(0.72, -0.30), (0.45, -0.44), (0.22, -0.38), (0, -0.47), (-0.22, -0.38), (-0.45, -0.44), (-0.72, -0.30)]
    elif fr == "straight":
        inner = [(0.70, top + 0.06), (0.45, top + 0.03), (0.15, top + 0.06), (-0.15, top + 0.03), (-0.45, top + 0.06), (-0.70, top + 0.04)]
    elif fr == "parted":
        inner = [(0.74, -0.05), (0.50, -0.42), (0.05, -0.74), (-0.05, -0.74), (-0.50, -0.42), (-0.74, -0.05)]
    elif fr == "sweep":
        inner = [(0.74, -0.12), (0.60, -0.46), (0.35, -0.70), (0.0, -0.52), (-0.4, -0.32), (-0.72, -0.18)]
    else:
        inner = [(0.73, -0.16), (0.40, -0.34), (-0.05, -0.45), (-0.42, -0.68), (-0.60, -0.46), (-0.74, -0.10)]
    if st == "spiky":
        spikes = []
        for i in range(9):
            a = math.pi * (1.06 + 0.88 * i / 8)
            spikes.append((0.9 * math.cos(a), 1.0 * math.sin(a)))
            if i < 8:
                a2 = math.pi * (1.06 + 0.88 * (i + 0.5) / 8)
                spikes.append((1.22 * math.cos(a2), 1.34 * math.sin(a2)))
        scene.fill(h(np.array(spikes)), darker(c, 0.1), own)
        body = np.concatenate([outer, np.array(inner)])
    else:
        lower = smooth([tuple(edge_r)] + inner + [tuple(edge_l)], closed=False, per=5)
        body = np.concatenate([outer, lower])
    scene.fill(h(body), (lighter(c, 0.14), c), own)
    shine = lighter(c, 0.32)
    if st not in ("buzz", "afro", "curly"):
        a = np.linspace(math.pi * 1.22, math.pi * 1.5, 9)
        scene.stroke(h(np.stack([0.70 * np.cos(a), -0.02 + 0.86 * np.sin(a)], 1)), 0.075 * h.scale, mix(c, shine, 0.6), own)
        if look.detail:
            for q, wd in ((0.62, 0.025), (0.78, 0.03)):
                a = np.linspace(math.pi * 1.16, math.pi * 1.62, 12)
                scene.stroke(h(np.stack([q * np.cos(a), -0.02 + (q + 0.16) * np.sin(a)], 1)), wd * h.scale, mix(c, shine, 0.4), own)


def _accessories(scene: Scene, h: Frame, look: Look, person: int, face: int, rng: random.Random) -> None:
    dx = look.look_x
    if look.glasses != "none":
        g = scene.instance("glasses")
        own = (g, face, person)
        colour = darker(look.hat, 0.45) if rng.random() < 0.5 else rgb("#262330")
        wd = 0.075 * h.scale
        rx, ry, power = {"round": (0.30, 0.29, 2.0), "square": (0.31, 0.25, 4.0), "big": (0.345, 0.315, 2.6)}[look.glasses]
        for s in (-1, 1):
            ring = ellipse(s * 0.385 + dx, 0.10, rx, ry, power=power, n=40)
            closed = h(np.concatenate([ring, ring[:2]]))
            scene.instances[g].lenses.append((h(ring), face))
            scene.stroke(closed, wd, colour, own)
            scene.stroke(h([(s * (0.385 + rx) + dx, 0.05), (s * 0.84, 0.0)]), wd * 0.9, colour, own)
        scene.stroke(h([(-0.385 + rx + dx, 0.06), (0.385 - rx + dx, 0.06)]), wd, colour, own)
    if look.hat_style == "none":
        return
    hat = scene.instance("hat")
    own = (hat, person)
    c, d, l = look.hat, darker(look.hat, 0.25), lighter(look.hat, 0.15)
    band = look.shirt2
    if look.hat_style == "beanie":
        scene.fill(h(smooth([(-1.02, -0.40), (-0.98, -0.9), (-0.5, -1.36), (0, -1.45), (0.5, -1.36), (0.98, -0.9), (1.02, -0.40)])), (l, c), own)
        scene.fill(h(rounded_rect(-1.06, -0.66, 1.06, -0.32, 0.14)), d, own)
        scene.fill(h(ellipse(0, -1.52, 0.24, 0.23)), lighter(band, 0.2), own)
    elif look.hat_style == "brim":
        scene.fill(h(ellipse(0, -0.52, 1.72, 0.34)), (c, d), own)
        scene.fill(h(smooth([(-0.88, -0.56), (-0.82, -1.05), (-0.45, -1.4), (0.45, -1.4), (0.82, -1.05), (0.88, -0.56), (0, -0.48)])), (l, c), own)
        scene.fill(h(smooth([(-0.89, -0.74), (0, -0.66), (0.89, -0.74), (0.89, -0.54), (0, -0.46), (-0.89, -0.54)], per=4)), band, own)
    elif look.hat_style == "cap":
        s = 1 if rng.random() < 0.5 else -1
        scene.fill(h(smooth([(-0.98, -0.42), (-0.92, -0.95), (-0.4, -1.27), (0.4, -1.27), (0.92, -0.95), (0.98, -0.42), (0, -0.5)])), (l, c), own)
        scene.fill(h(smooth([(s * -0.25, -0.62), (s * 0.9, -0.66), (s * 1.65, -0.40), (s * 1.55, -0.28), (s * 0.7, -0.40), (s * -0.25, -0.42)])), d, own)
        scene.fill(h(ellipse(0, -1.26, 0.1, 0.07)), d, own)
    elif look.hat_style == "tophat":
        scene.fill(h(ellipse(0, -0.60, 1.25, 0.22)), d, own)
        scene.fill(h([(-0.74, -0.62), (-0.82, -1.72), (0.82, -1.72), (0.74, -0.62)]), (c, d, "h"), own)
        scene.fill(h([(-0.745, -0.68), (-0.765, -0.94), (0.765, -0.94), (0.745, -0.68)]), band, own)
        scene.fill(h(ellipse(0, -1.72, 0.82, 0.13)), l, own)
    elif look.hat_style == "party":
        scene.fill(h([(-0.62, -0.72), (0.0, -2.0), (0.62, -0.72), (0.3, -0.62), (-0.3, -0.62)]), (l, c, "h"), own)
        for q in (0.35, 0.65):
            w = 0.62 * (1 - q)
            yy = -0.72 - 1.28 * q
            scene.fill(h([(-w, yy), (w, yy + 0.05), (w + 0.07, yy + 0.2), (-w - 0.07, yy + 0.15)]), band, own)
        scene.fill(h(ellipse(0, -2.0, 0.17, 0.17)), band, own)
    else:
        scene.fill(h(smooth([(-0.98, -0.52), (-1.28, -0.95), (-0.6, -1.38), (0.5, -1.36), (1.12, -0.95), (0.92, -0.55), (0, -0.68)])), (l, d), own)
        scene.stroke(h([(-0.05, -1.36), (-0.02, -1.52)]), 0.07 * h.scale, d, own)


# ---------------------------------------------------------------------------------------------------- things and animals

def draw_cup(scene: Scene, x: float, y: float, s: float, colour: Colour, r: random.Random, mirror: bool = False) -> None:
    """A mug of height about 0.9 s, standing with its bottom at y."""
    own = (scene.instance("cup"),)
    f = Frame(x, y, s, 0, mirror)
    c = rgb(colour)
    t = np.linspace(-1.35, 1.35, 12)
    scene.stroke(f(np.stack([0.36 + 0.24 * np.cos(t), -0.42 + 0.25 * np.sin(t)], 1)), 0.10 * s, darker(c, 0.18), own)
    scene.fill(f(smooth([(-0.40, -0.84), (0.40, -0.84), (0.38, -0.3), (0.30, -0.03), (0, 0.0), (-0.30, -0.03), (-0.38, -0.3)], per=6)), (lighter(c, 0.2), darker(c, 0.2), "h"), own)
    scene.fill(f(ellipse(0, -0.84, 0.40, 0.09)), lighter(c, 0.35), own)
    scene.fill(f(ellipse(0, -0.83, 0.33, 0.06)), r.choice(["#6b3d24", "#9c5a2c", "#c98b4a"]), own)
    k = r.random()
    if k < 0.35:
        scene.fill(f([(-0.39, -0.52), (0.39, -0.52), (0.37, -0.34), (-0.37, -0.34)]), lighter(c, 0.6), own)
    elif k < 0.6:
        scene.fill(f(ellipse(0, -0.42, 0.13, 0.13, n=20)), lighter(c, 0.7), own)


def draw_ball(scene: Scene, x: float, y: float, s: float, c1: Colour, c2: Colour, r: random.Random) -> None:
    """A ball of radius s centred at (x, y): beach ball, striped or dotted."""
    own = (scene.instance("ball"),)
    c1, c2 = rgb(c1), rgb(c2)
    f = Frame(x, y, s, r.uniform(-0.6, 0.6))
    scene.fill(f(ellipse(0, 0, 1, 1)), (lighter(c1, 0.15), darker(c1, 0.18)), own)
    kind = r.choice(["beach", "band", "dots", "plain"])
    if kind == "beach":
        for w0, w1 in ((-0.75, -0.3), (0.25, 0.7)):
            t = np.linspace(-math.pi / 2, math.pi / 2, 16)
            a = np.stack([w0 * np.cos(t), np.sin(t)], 1)
            b = np.stack([w1 * np.cos(t), np.sin(t)], 1)[::-1]
            scene.fill(f(np.concatenate([a, b])), c2, own)
        scene.fill(f(ellipse(0, -0.93, 0.14, 0.06, n=14)), lighter(c2, 0.5), own)
    elif kind == "band":
        t = np.linspace(math.acos(0.25), math.acos(-0.25), 8)
        a = np.stack([np.sin(t), np.cos(t)], 1)
        scene.fill(f(np.concatenate([a, a[::-1] * np.array([-1, 1])])), c2, own)
    elif kind == "dots":
        for i in range(5):
            a = i * 2 * math.pi / 5
            scene.fill(f(ellipse(0.58 * math.cos(a), 0.58 * math.sin(a), 0.2, 0.2, n=16)), c2, own)
        scene.fill(f(ellipse(0, 0, 0.2, 0.2, n=16)), c2, own)
    scene.glow(x - 0.35 * s, y - 0.4 * s, 0.38 * s, 0.32 * s, "#ffffff", 0.45)


def draw_flower(scene: Scene, x: float, y: float, s: float, colour: Colour, r: random.Random, lean: float | None = None) -> None:
    """A flower whose stem starts at (x, y); s is its height."""
    own = (scene.instance("flower"),)
    c = rgb(colour)
    lean = r.uniform(-0.22, 0.22) if lean is None else lean
    head = np.array([lean, -0.74])
    f = Frame(x, y, s)
    stem = rgb(r.choice(["#4f8a4c", "#3f7a55", "#6a9a45"]))
    scene.stroke(f(smooth([(0, 0), (lean * 0.3, -0.38), tuple(head)], closed=False, per=6)), 0.035 * s, stem, own)
    side = 1 if r.random() < 0.5 else -1
    base = np.array([lean * 0.25, -0.30])
    scene.fill(f(smooth([tuple(base), (base[0] + side * 0.13, base[1] - 0.14), (base[0] + side * 0.24, base[1] - 0.13), (base[0] + side * 0.14, base[1] - 0.01)], per=5)), (lighter(stem, 0.15), stem), own)
    kind = r.choice(["daisy", "daisy", "round", "tulip"])
    if kind == "tulip":
        hx, hy = head
        scene.fill(f(smooth([(hx, hy + 0.15), (hx - 0.17, hy + 0.03), (hx - 0.17, hy - 0.22), (hx - 0.07, hy - 0.12), (hx, hy - 0.25), (hx + 0.07, hy - 0.12), (hx + 0.17, hy - 0.22), (hx + 0.17, hy + 0.03)], per=4)),
                   (lighter(c, 0.2), darker(c, 0.15)), own)
        scene.fill(f(smooth([(hx, hy + 0.14), (hx - 0.08, hy), (hx, hy - 0.2), (hx + 0.08, hy)], per=4)), lighter(c, 0.18), own)
        return
    n = r.choice([6, 7, 8]) if kind == "daisy" else 5
    size = 0.11 if kind == "daisy" else 0.125
    turn = r.random() * 6
    for i in range(n):
        a = turn + i * 2 * math.pi / n
        px, py = head + 0.135 * np.array([math.cos(a), math.sin(a)])
        scene.fill(f(ellipse(px, py, size, size * (0.62 if kind == "daisy" else 0.95), a, n=22)), mix(lighter(c, 0.18), darker(c, 0.1), 0.5 + 0.5 * math.sin(a)), own)
    centre = rgb("#f4b73f") if abs(c[0] - 244) + abs(c[1] - 183) > 80 else rgb("#8a4b2a")
    scene.fill(f(ellipse(head[0], head[1], 0.085, 0.085, n=22)), (lighter(centre, 0.2), darker(centre, 0.12)), own)


def draw_vase(scene: Scene, x: float, y: float, s: float, colour: Colour, r: random.Random) -> None:
    """A vase of height s standing with its bottom at y."""
    own = (scene.instance("vase"),)
    c = rgb(colour)
    f = Frame(x, y, s)
    shape = r.choice([
        [(-0.16, -1.0), (-0.13, -0.82), (-0.36, -0.45), (-0.30, -0.1), (-0.2, 0)],
        [(-0.26, -1.0), (-0.20, -0.7), (-0.28, -0.35), (-0.26, -0.08), (-0.18, 0)],
        [(-0.20, -1.0), (-0.30, -0.72), (-0.34, -0.4), (-0.24, -0.1), (-0.16, 0)]])
    left = smooth(shape, closed=False, per=7)
    scene.fill(f(np.concatenate([left, left[::-1] * np.array([-1, 1])])), (lighter(c, 0.22), darker(c, 0.25), "h"), own)
    scene.fill(f(ellipse(0, -1.0, -shape[0][0], 0.045)), darker(c, 0.35), own)
    if r.random() < 0.55:
        yy = r.uniform(-0.6, -0.3)
        rows = [i for i in range(len(left)) if yy < left[i, 1] < yy + 0.14]
        if len(rows) > 1:
            q = left[rows]
            scene.fill(f(np.concatenate([q, q[::-1] * np.array([-1, 1])])), lighter(c, 0.5), own)


def draw_tree(scene: Scene, x: float, y: float, s: float, r: random.Random) -> None:
    """A tree of height s with its foot at (x, y)."""
    own = (scene.instance("tree"),)
    f = Frame(x, y, s)
    leaf = rgb(r.choice(["#4f8f5b", "#3b7a57", "#7fa650", "#5ba07a", "#c9803f", "#d9a441", "#2f6b5e"]))
    bark = rgb(r.choice(["#7a5237", "#5e4030", "#8b6546"]))
    scene.fill(f([(-0.055, -0.5), (0.055, -0.5), (0.085, 0), (-0.085, 0)]), (darker(bark, 0.2), bark), own)
    kind = r.choice(["round", "cluster", "cluster", "pine"])
    if kind == "pine":
        for i, (w, y0, y1) in enumerate(((0.34, -0.18, -0.56), (0.28, -0.42, -0.78), (0.20, -0.64, -1.0))):
            scene.fill(f(smooth([(-w, y0), (-w * 0.5, (y0 + y1) / 2), (0, y1), (w * 0.5, (y0 + y1) / 2), (w, y0), (0, y0 + 0.05)], per=4)), (lighter(leaf, 0.1), darker(leaf, 0.15)), own)
    elif kind == "round":
        scene.fill(f(ellipse(0, -0.65, 0.31, 0.35)), (lighter(leaf, 0.18), darker(leaf, 0.18)), own)
        scene.fill(f(ellipse(-0.08, -0.74, 0.14, 0.13)), lighter(leaf, 0.22), own)
    else:
        for cx, cy, q in ((-0.2, -0.5, 0.2), (0.2, -0.52, 0.2), (-0.12, -0.72, 0.21), (0.14, -0.74, 0.2), (0, -0.6, 0.24), (0.02, -0.84, 0.16)):
            scene.fill(f(ellipse(cx, cy, q, q, n=30)), (lighter(leaf, 0.15 + 0.2 * (-cy - 0.5)), darker(leaf, 0.14)), own)


def draw_house(scene: Scene, x: float, y: float, s: float, wall: Colour, roof: Colour, r: random.Random) -> None:
    """A house of width about s standing at (x, y)."""
    own = (scene.instance("house"),)
    f = Frame(x, y, s, 0, r.random() < 0.5)
    wall, roof = lighter(rgb(wall), 0.35), rgb(roof)
    hh = r.uniform(0.42, 0.6)
    top = -hh - r.uniform(0.28, 0.42)
    scene.fill(f([(0.18, -hh - 0.12), (0.30, -hh - 0.12), (0.30, top - 0.06), (0.18, top - 0.06)]), darker(roof, 0.3), own)
    scene.fill(f([(-0.42, 0), (0.42, 0), (0.42, -hh), (-0.42, -hh)]), (lighter(wall, 0.2), darker(wall, 0.1)), own)
    if r.random() < 0.5:
        scene.fill(f([(-0.52, -hh + 0.03), (0, top), (0.52, -hh + 0.03)]), (lighter(roof, 0.1), darker(roof, 0.15)), own)
    else:
        scene.fill(f([(-0.50, -hh + 0.03), (-0.30, top), (0.30, top), (0.50, -hh + 0.03)]), (lighter(roof, 0.1), darker(roof, 0.15)), own)
    scene.fill(f([(-0.09, 0), (0.09, 0), (0.09, -0.26), (-0.09, -0.26)]), darker(roof, 0.4), own)
    for cx in (-0.26, 0.26):
        scene.fill(f([(cx - 0.1, -hh + 0.10), (cx + 0.1, -hh + 0.10), (cx + 0.1, -hh + 0.30), (cx - 0.1, -hh + 0.30)]), "#fffbe9", own)
        scene.fill(f([(cx - 0.08, -hh + 0.12), (cx + 0.08, -hh + 0.12), (cx + 0.08, -hh + 0.28), (cx - 0.08, -hh + 0.28)]), ("#a8d4e6", "#6ba6c4"), own)
        scene.stroke(f([(cx, -hh + 0.12), (cx, -hh + 0.28)]), 0.012 * s, "#fffbe9", own)


def draw_car(scene: Scene, x: float, y: float, s: float, colour: Colour, r: random.Random) -> None:
    """A car of length s seen from the side, wheels on y."""
    own = (scene.instance("car"),)
    f = Frame(x, y, s, 0, r.random() < 0.5)
    c = rgb(colour)
    cab = smooth([(-0.26, -0.26), (-0.17, -0.43), (0.05, -0.46), (0.19, -0.42), (0.30, -0.26)], closed=False, per=6)
    scene.fill(f(cab), (lighter(c, 0.12), c), own)
    glass = cab * np.array([0.86, 0.86]) + np.array([0.0, -0.02])
    glass = np.concatenate([glass, [(0.25, -0.24), (-0.22, -0.24)]])
    scene.fill(f(glass), ("#cfe8f2", "#8fbcd0"), own)
    scene.stroke(f([(0.02, -0.44), (0.02, -0.24)]), 0.03 * s, c, own)
    scene.fill(f(rounded_rect(-0.5, -0.28, 0.5, -0.07, 0.09)), (lighter(c, 0.08), darker(c, 0.22)), own)
    scene.fill(f(ellipse(0.465, -0.2, 0.035, 0.035, n=14)), "#fff2b8", own)
    scene.stroke(f([(-0.4, -0.155), (0.4, -0.155)]), 0.012 * s, lighter(c, 0.4), own)
    for cx in (-0.28, 0.29):
        scene.fill(f(ellipse(cx, -0.09, 0.105, 0.105, n=28)), "#2a2833", own)
        scene.fill(f(ellipse(cx, -0.09, 0.05, 0.05, n=20)), "#c9ccd2", own)


def draw_sun(scene: Scene, x: float, y: float, s: float, r: random.Random) -> None:
    """A sun of radius s, with or without rays."""
    c = rgb(r.choice(["#ffd34d", "#ffb83d", "#ff9f4a", "#fff0a0"]))
    scene.glow(x, y, 2.4 * s, 2.4 * s, lighter(c, 0.4), 0.45)
    own = (scene.instance("sun"),)
    if r.random() < 0.6:
        turn = r.random()
        for i in range(10):
            a = turn + i * math.pi / 5
            scene.stroke(np.array([(x + 1.18 * s * math.cos(a), y + 1.18 * s * math.sin(a)), (x + 1.5 * s * math.cos(a), y + 1.5 * s * math.sin(a))]), 0.16 * s, c, own)
    scene.fill(ellipse(x, y, s, s), (lighter(c, 0.3), c), own)


def _animal_eyes(scene: Scene, f: Frame, owner: int, y: float, gap: float, rx: float, ry: float, iris: Colour, slit: bool) -> None:
    for s in (-1, 1):
        o = (scene.instance("eye"), owner)
        scene.fill(f(ellipse(s * gap, y, rx, ry, n=26)), iris, o)
        scene.fill(f(ellipse(s * gap, y, rx * (0.42 if slit else 0.66), ry * (0.86 if slit else 0.7), n=20)), "#1b1620", o)
        scene.fill(f(ellipse(s * gap - rx * 0.25, y - ry * 0.35, rx * 0.24, ry * 0.24, n=12)), "#ffffff", o)


def draw_cat(scene: Scene, x: float, y: float, s: float, r: random.Random, coat: Colour | None = None) -> None:
    """A sitting cat of height s with its paws at y."""
    cat = scene.instance("cat")
    own = (cat,)
    c = rgb(coat or r.choice(["#e39a4f", "#6d6a75", "#3a3540", "#f1e4d0", "#b9805a", "#9aa3ad", "#d9b48a"]))
    f = Frame(x, y, s, 0, r.random() < 0.5)
    d = darker(c, 0.28)
    l = lighter(c, 0.55)
    scene.stroke(f(smooth([(0.18, -0.05), (0.42, -0.06), (0.46, -0.28), (0.36, -0.42)], closed=False, per=6)), 0.085 * s, d, own)
    scene.fill(f(smooth([(-0.15, -0.58), (0.15, -0.58), (0.26, -0.25), (0.27, -0.03), (0, 0.0), (-0.27, -0.03), (-0.26, -0.25)], per=7)), (c, darker(c, 0.12)), own)
    scene.fill(f(ellipse(0, -0.32, 0.12, 0.18)), mix(c, l, 0.7), own)
    for sx in (-1, 1):
        scene.stroke(f([(sx * 0.085, -0.32), (sx * 0.09, -0.05)]), 0.095 * s, lighter(c, 0.1), own)
        scene.fill(f(ellipse(sx * 0.10, -0.035, 0.075, 0.045)), l, own)
    h = Frame(float(f([(0, -0.70)])[0][0]), float(f([(0, -0.70)])[0][1]), s, r.uniform(-0.14, 0.14))
    for sx in (-1, 1):
        scene.fill(h([(sx * 0.07, -0.16), (sx * 0.235, -0.33), (sx * 0.265, -0.04)]), c, own)
        scene.fill(h([(sx * 0.12, -0.16), (sx * 0.215, -0.27), (sx * 0.23, -0.09)]), mix(c, (240, 150, 150), 0.6), own)
    scene.fill(h(ellipse(0, 0, 0.275, 0.215, power=2.3)), (lighter(c, 0.1), c), own)
    if r.random() < 0.6:
        for sx in (-0.07, 0, 0.07):
            scene.stroke(h([(sx, -0.20), (sx * 0.9, -0.13)]), 0.025 * s, d, own)
    scene.fill(h(ellipse(0, 0.10, 0.12, 0.085)), l, own)
    _animal_eyes(scene, h, cat, -0.01, 0.125, 0.062, 0.068, rgb(r.choice(["#c8d64a", "#7ec8a0", "#f0c64a", "#86c5e0"])), True)
    scene.fill(h([(-0.03, 0.065), (0.03, 0.065), (0, 0.1)]), "#c75b66", own)
    scene.stroke(h(smooth([(-0.06, 0.13), (-0.02, 0.145), (0, 0.11), (0.02, 0.145), (0.06, 0.13)], closed=False, per=4)), 0.014 * s, darker(c, 0.55), own)
    for sx in (-1, 1):
        for dy in (-0.02, 0.03):
            scene.stroke(h([(sx * 0.13, 0.09 + dy * 0.5), (sx * 0.31, 0.08 + dy * 1.6)]), 0.008 * s, lighter(c, 0.7), own)


def draw_dog(scene: Scene, x: float, y: float, s: float, r: random.Random) -> None:
    """A sitting dog of height s with its paws at y."""
    dog = scene.instance("dog")
    own = (dog,)
    c = rgb(r.choice(["#c58a50", "#8a5a3a", "#f0dcb8", "#4a3d3a", "#d9a066", "#a89a8c"]))
    f = Frame(x, y, s, 0, r.random() < 0.5)
    d, l = darker(c, 0.35), lighter(c, 0.6)
    ear = rgb(r.choice(["#5a3a2a", "#7a4a2c", "#3a2e2c"])) if r.random() < 0.7 else d
    scene.stroke(f(smooth([(0.2, -0.08), (0.38, -0.16), (0.42, -0.34)], closed=False, per=6)), 0.075 * s, c, own)
    scene.fill(f(smooth([(-0.16, -0.55), (0.16, -0.55), (0.25, -0.25), (0.29, -0.03), (0, 0.0), (-0.29, -0.03), (-0.25, -0.25)], per=7)), (c, darker(c, 0.12)), own)
    scene.fill(f(smooth([(-0.11, -0.5), (0.11, -0.5), (0.09, -0.22), (0, -0.16), (-0.09, -0.22)], per=6)), l, own)
    for sx in (-1, 1):
        scene.stroke(f([(sx * 0.10, -0.33), (sx * 0.11, -0.05)]), 0.115 * s, lighter(c, 0.08), own)
        scene.fill(f(ellipse(sx * 0.12, -0.04, 0.085, 0.05)), l, own)
    h = Frame(float(f([(0, -0.72)])[0][0]), float(f([(0, -0.72)])[0][1]), s, r.uniform(-0.14, 0.14))
    if r.random() < 0.6:
        scene.fill(h(rounded_rect(-0.19, 0.18, 0.19, 0.25, 0.03)), random_colour(r), own)
    scene.fill(h(ellipse(0, -0.02, 0.235, 0.235, power=2.3)), (lighter(c, 0.1), c), own)
    for sx in (-1, 1):
        scene.fill(h(smooth([(sx * 0.13, -0.23), (sx * 0.27, -0.22), (sx * 0.335, 0.02), (sx * 0.27, 0.17), (sx * 0.20, 0.02)], per=6)), (ear, darker(ear, 0.2)), own)
    scene.fill(h(smooth([(-0.045, -0.24), (0.045, -0.24), (0.05, 0), (-0.05, 0)], per=4)), l, own)
    scene.fill(h(ellipse(0, 0.115, 0.15, 0.125)), l, own)
    _animal_eyes(scene, h, dog, -0.035, 0.108, 0.05, 0.055, rgb(r.choice(["#6b4526", "#8a5a30", "#4a6a8a"])), False)
    scene.fill(h(ellipse(0, 0.055, 0.065, 0.045)), "#241d22", own)
    if r.random() < 0.5:
        scene.fill(h(smooth([(-0.045, 0.15), (0.045, 0.15), (0.04, 0.25), (0, 0.27), (-0.04, 0.25)], per=5)), "#e8707c", own)
    scene.stroke(h(smooth([(-0.08, 0.145), (-0.03, 0.17), (0, 0.13), (0.03, 0.17), (0.08, 0.145)], closed=False, per=4)), 0.015 * s, "#3a2a2a", own)


# ---------------------------------------------------------------------------------------------------- backgrounds

def leaf(scene: Scene, x: float, y: float, length: float, angle: float, colour: str | Colour, width: float = 0.3) -> None:
    """A pointed leaf with a lighter midrib; decoration that belongs to nothing."""
    c, s = math.cos(angle), math.sin(angle)
    local = smooth([(0, 0), (0.3, width * 0.8), (0.65, width * 0.75), (1, 0), (0.65, -width * 0.75), (0.3, -width * 0.8)], per=8) * length
    turned = np.stack([x + local[:, 0] * c - local[:, 1] * s, y + local[:, 0] * s + local[:, 1] * c], 1)
    scene.fill(turned, (lighter(rgb(colour), 0.08), darker(rgb(colour), 0.14)))
    scene.stroke(np.array([(x, y), (x + 0.92 * length * c, y + 0.92 * length * s)]), 0.012 * length + 0.002, lighter(rgb(colour), 0.16))


def sprig(scene: Scene, x: float, y: float, length: float, angle: float, colour: str | Colour, n: int = 6) -> None:
    """A stem with pairs of leaves."""
    c, s = math.cos(angle), math.sin(angle)
    scene.stroke(np.array([(x, y), (x + length * c, y + length * s)]), 0.008, darker(rgb(colour), 0.2))
    for i in range(n):
        t = 0.2 + 0.75 * i / (n - 1)
        for side in (-1, 1):
            leaf(scene, x + t * length * c, y + t * length * s, length * (0.42 - 0.22 * t), angle + side * 0.85, colour)
    leaf(scene, x + length * c, y + length * s, length * 0.24, angle, colour)


def cloud(scene: Scene, x: float, y: float, size: float, colour: str | Colour = "#ffffff") -> None:
    """A cloud of four puffs."""
    for ox, oy, k in ((-1.2, 0.2, 0.7), (0, 0, 1), (1.1, 0.15, 0.8), (2.0, 0.3, 0.5)):
        scene.fill(ellipse(x + ox * size, y + oy * size, size * k * 1.15, size * k * 0.66), (rgb(colour), darker(rgb(colour), 0.05)))


def curtain(scene: Scene, side: int, colour: str | Colour, reach: float = 0.17, bottom: float = 1.12) -> None:
    """A curtain at the left (-1) or right (+1) edge."""
    edge = 0.0 if side < 0 else scene.W
    inner = edge - side * reach
    c = rgb(colour)
    cloth = smooth([(edge + side * 0.05, -0.1), (inner, -0.05), (inner - side * 0.01, 0.45 * bottom), (inner + side * 0.07, 0.96 * bottom), (edge + side * 0.05, bottom)], per=8)
    scene.fill(cloth, (c, darker(c, 0.3), "h") if side > 0 else (darker(c, 0.3), c, "h"))
    for t in (0.25, 0.5, 0.75):
        xx = edge - side * reach * t
        scene.stroke(smooth([(xx, -0.02), (xx - side * 0.005, 0.45 * bottom), (xx + side * 0.03, 0.94 * bottom)], closed=False, per=6), 0.006, darker(c, 0.3))


def _decorate(scene: Scene, r: random.Random, accents: list[str]) -> None:
    """Things in a backdrop that nobody asks for: discs, sprigs, curtains, window frames, clouds, grass, dots."""
    W, H = scene.W, scene.H
    some = lambda: rgb(r.choice(accents)) if r.random() < 0.5 else random_colour(r)  # noqa: E731
    kind = r.random()
    if kind < 0.3:
        c = some()
        q = r.uniform(0.25, 0.45)
        x, y = W / 2 + r.uniform(-0.1, 0.1), r.uniform(0.35, 0.55) * H
        scene.fill(ellipse(x, y, q, q, n=90), (lighter(c, 0.2), darker(c, 0.08)))
        scene.glow(x - 0.1, y - 0.12, q, q * 0.9, lighter(c, 0.5), 0.4)
    elif kind < 0.5:
        x0, y0, x1, y1 = W * r.uniform(0.05, 0.2), H * r.uniform(0.03, 0.1), W * r.uniform(0.8, 0.95), H * r.uniform(0.6, 0.8)
        frame = lighter(some(), 0.6)
        scene.fill(rounded_rect(x0 - 0.03, y0 - 0.03, x1 + 0.03, y1 + 0.03, 0.01), (frame, darker(frame, 0.12)))
        a, b = r.choice([("#6f8fc0", "#f7c9a8"), ("#8fc7e8", "#e3f2f5"), ("#24355c", "#7a6fa0")])
        scene.fill(rounded_rect(x0, y0, x1, y1, 0.005), (a, b))
        for base in (0.75, 0.86):
            xs = np.linspace(x0, x1, 7)
            top = smooth([(x, y0 + (y1 - y0) * base + r.uniform(-0.03, 0.03)) for x in xs], closed=False, per=6)
            scene.fill(np.concatenate([np.clip(top, x0, None), [(x1, y1), (x0, y1)]]), mix(rgb(b), some(), 0.4))
        scene.fill(rounded_rect((x0 + x1) / 2 - 0.012, y0, (x0 + x1) / 2 + 0.012, y1, 0.002), frame)
        if r.random() < 0.6:
            c = some()
            for side in (-1, 1):
                curtain(scene, side, c, r.uniform(0.1, 0.2), H * r.uniform(0.7, 0.9))
    if r.random() < 0.5:
        green = rgb(r.choice(["#5d8a72", "#7ba586", "#4f7d69", "#86ac87", "#a3b565", "#3f6b5a"]))
        for _ in range(r.randint(1, 6)):
            side = r.choice([-1, 1])
            x = (0.0 if side < 0 else W) + side * r.uniform(-0.25, 0.05)
            sprig(scene, x, H * r.uniform(0.75, 1.05), r.uniform(0.2, 0.55), -math.pi / 2 - side * r.uniform(0.0, 0.6), mix(green, random_colour(r), r.uniform(0, 0.2)), r.randint(4, 6))
    if r.random() < 0.3:
        for _ in range(r.randint(1, 3)):
            cloud(scene, r.uniform(0, W), r.uniform(0.05, 0.35) * H, r.uniform(0.03, 0.08), lighter(some(), 0.75))
    if r.random() < 0.3:
        c = lighter(some(), 0.6)
        for _ in range(r.randint(3, 12)):
            q = r.uniform(0.004, 0.014)
            scene.fill(ellipse(r.uniform(0, W), r.uniform(0, H), q, q, n=14), c)


def background(scene: Scene, r: random.Random, kind: str, light: Colour, dark: Colour, accents: list[str]) -> float:
    """Paint a backdrop, with decoration where the scene asks for it; returns the y of the ground or table line."""
    line = _backdrop(scene, r, kind, light, dark, accents)
    if scene.decor is not None:
        _decorate(scene, scene.decor, accents)
    return line


def _backdrop(scene: Scene, r: random.Random, kind: str, light: Colour, dark: Colour, accents: list[str]) -> float:
    W, H = scene.W, scene.H
    light, dark = rgb(light), rgb(dark)
    full = np.array([(0, 0), (W, 0), (W, H), (0, H)], float)
    flip = r.random() < 0.5
    scene.fill(full, (light, dark) if flip else (dark, light))
    if kind == "shapes":
        for _ in range(r.randint(1, 5)):
            c = mix(mix(light, dark, r.random()), rgb(r.choice(accents)), r.uniform(0.1, 0.45))
            k = r.random()
            cx, cy, q = r.uniform(0, W), r.uniform(0, H), r.uniform(0.12, 0.5)
            if k < 0.5:
                scene.fill(ellipse(cx, cy, q, q), c)
            elif k < 0.8:
                scene.fill(np.array([(cx, 0), (cx + q, 0), (cx + q * 0.6, H), (cx - q * 0.4, H)]), c)
            else:
                t = np.linspace(0, 2 * math.pi, 40)
                scene.stroke(np.stack([cx + q * np.cos(t), cy + q * np.sin(t)], 1), r.uniform(0.01, 0.05), c)
        return H * 0.9
    if kind == "bokeh":
        for _ in range(r.randint(5, 14)):
            c = lighter(mix(dark, rgb(r.choice(accents)), 0.5), r.uniform(0.1, 0.5))
            q = r.uniform(0.04, 0.2)
            scene.glow(r.uniform(0, W), r.uniform(0, H), q, q, c, r.uniform(0.2, 0.6), hard=r.uniform(0.3, 0.8))
        return H * 0.9
    if kind == "room":
        ground = H * r.uniform(0.68, 0.84)
        floor = darker(mix(dark, rgb(r.choice(accents)), 0.3), 0.1)
        if r.random() < 0.6:
            x0, y0, w, h = r.uniform(0, W * 0.7), r.uniform(0.03, 0.15), r.uniform(0.25, 0.4), r.uniform(0.3, 0.45)
            scene.fill(rounded_rect(x0, y0, x0 + w, y0 + h, 0.01), lighter(light, 0.5))
            scene.fill(rounded_rect(x0 + 0.02, y0 + 0.02, x0 + w - 0.02, y0 + h - 0.02, 0.005), ("#bfe0ee", "#e9f4ea"))
            scene.stroke(np.array([(x0 + w / 2, y0 + 0.02), (x0 + w / 2, y0 + h - 0.02)]), 0.012, lighter(light, 0.5))
        if r.random() < 0.5:
            x0, y0 = r.uniform(0, W * 0.8), r.uniform(0.05, 0.2)
            scene.fill(rounded_rect(x0, y0, x0 + 0.2, y0 + 0.26, 0.004), darker(dark, 0.3))
            scene.fill(rounded_rect(x0 + 0.015, y0 + 0.015, x0 + 0.185, y0 + 0.245, 0.002), (rgb(r.choice(accents)), lighter(light, 0.2)))
        scene.fill(np.array([(0, ground), (W, ground), (W, H), (0, H)]), (floor, darker(floor, 0.15)))
        return ground
    # outdoors
    sky = r.choice([("#8fc7e8", "#e3f2f5"), ("#f7b78a", "#fde6c4"), ("#a8d8e8", "#fdf3dc"), ("#6f8fc0", "#f3c9b8"), ("#bfe3df", "#f4f6e2")])
    scene.fill(full, sky)
    ground = H * r.uniform(0.6, 0.78)
    for _ in range(r.randint(0, 3)):
        cx, cy, q = r.uniform(0, W), r.uniform(0.05, 0.3), r.uniform(0.06, 0.12)
        for ox, oy, k in ((-1, 0.15, 0.7), (0, 0, 1), (1, 0.2, 0.65)):
            scene.fill(ellipse(cx + ox * q, cy + oy * q, q * k * 1.1, q * k * 0.7), "#ffffff")
    green = rgb(r.choice(["#9cc47a", "#7fb08a", "#c2c878", "#86b35f", "#d9c48a"]))
    for layer in range(2):
        base = ground - 0.1 + 0.1 * layer
        xs = np.linspace(-0.1, W + 0.1, 9)
        ys = [base + r.uniform(-0.06, 0.03) * (1.4 - layer) for _ in xs]
        top = smooth(list(zip(xs, ys)), closed=False, per=6)
        c = mix(green, rgb(sky[1]), 0.45 - 0.45 * layer)
        scene.fill(np.concatenate([top, [(W + 0.1, H + 0.1), (-0.1, H + 0.1)]]), (c, darker(c, 0.18)))
    return ground + 0.02


# ---------------------------------------------------------------------------------------------------- random scenes

def random_scene(seed: int, short: int = 252, ss: int = 2, decorated: float = 0.5) -> Scene:
    """A whole random scene. short: short side of the finished picture in pixels; decorated: share of scenes with a busier backdrop and light."""
    r = random.Random(seed * 7919 + 17)
    aspect = r.choice([1.0, 1.0, 1.0, 1.25, 1.5, 0.8, 0.67, r.uniform(0.62, 1.6)])
    w, h = (int(round(short * aspect)), short) if aspect >= 1 else (short, int(round(short / aspect)))
    scene = Scene(w, h, ss)
    extra = random.Random(seed * 104729 + 5)
    if extra.random() < decorated:
        scene.decor = extra
    light, dark, accents = r.choice(PALETTES)
    if r.random() < 0.25:
        light, dark = random_colour(r), random_colour(r)
    kind = r.choices(["portrait", "group", "still", "street"], [0.42, 0.24, 0.17, 0.17])[0]
    {"portrait": _portrait, "group": _group, "still": _still_life, "street": _street}[kind](scene, r, light, dark, accents)
    if scene.decor is not None and extra.random() < 0.6:  # light that falls over everything
        scene.glow(extra.uniform(0, scene.W), extra.uniform(0, 0.6), extra.uniform(0.5, 1.0), extra.uniform(0.5, 0.9), lighter(rgb(accents[0]), extra.uniform(0.4, 0.9)), extra.uniform(0.1, 0.32))
    if r.random() < 0.3:
        scene.rgb = scene.rgb.filter(ImageFilter.GaussianBlur(scene.k / 500 * r.uniform(0.3, 1.6)))
    return scene


def _portrait(scene: Scene, r: random.Random, light, dark, accents) -> None:
    background(scene, r, r.choice(["shapes", "shapes", "bokeh", "room", "outdoors"]), light, dark, accents)
    W, H = scene.W, scene.H
    radius = r.uniform(0.17, 0.29) * (1.1 if H > 1.1 else 1.0)
    x = W / 2 + r.uniform(-0.12, 0.12) * W
    y = radius * r.uniform(1.35, 1.75) + r.uniform(0.0, 0.1) * H
    look = random_look(r, accents)
    if look.hat_style in ("tophat", "party"):
        y += radius * 0.45
    if r.random() < 0.25:
        draw_sun(scene, r.choice([0.12, W - 0.12]), 0.14, 0.07, r)
    draw_person(scene, x, y, radius, look, random_arms(r), r, r.uniform(-0.16, 0.16))


def _group(scene: Scene, r: random.Random, light, dark, accents) -> None:
    place = r.choice(["outdoors", "outdoors", "room", "shapes"])
    ground = background(scene, r, place, light, dark, accents)
    W, H = scene.W, scene.H
    n = 2 if W < 1.2 or r.random() < 0.65 else 3
    if place == "outdoors":
        if r.random() < 0.5:
            draw_sun(scene, r.uniform(0.12, W - 0.12), r.uniform(0.1, 0.18), r.uniform(0.05, 0.09), r)
        for _ in range(r.randint(0, 2)):
            draw_tree(scene, r.uniform(0.05, W - 0.05), ground + r.uniform(0, 0.05), r.uniform(0.4, 0.7), r)
        if r.random() < 0.25:
            draw_house(scene, r.uniform(0.1, W - 0.1), ground + 0.02, r.uniform(0.35, 0.5), random_colour(r), rgb(r.choice(accents)), r)
    full = r.random() < 0.5 and H >= 0.95
    step = W / n
    for i in range(n):
        x = step * (i + 0.5) + r.uniform(-0.06, 0.06) * step
        look = random_look(r, accents)
        if full:
            radius = min(0.155, 0.33 * step, (H * 0.96) / 6.6) * r.uniform(0.9, 1.05)
            y = H * r.uniform(0.94, 0.99) - radius * 4.95
        else:
            radius = min(0.23, 0.30 * step) * r.uniform(0.88, 1.06)
            y = max(radius * 1.7, H * r.uniform(0.30, 0.48))
        scene.glow(x, y + radius * 4.8, radius * 1.3, radius * 0.25, "#20242a", 0.35 if full else 0.0)
        draw_person(scene, x, y, radius, look, random_arms(r), r, r.uniform(-0.13, 0.13), full)
    if full and r.random() < 0.4:
        (draw_cat if r.random() < 0.5 else draw_dog)(scene, r.uniform(0.15, W - 0.15), H * 0.985, r.uniform(0.26, 0.36), r)


def _still_life(scene: Scene, r: random.Random, light, dark, accents) -> None:
    background(scene, r, r.choice(["shapes", "room", "bokeh"]), light, dark, accents)
    W, H = scene.W, scene.H
    table = H * r.uniform(0.66, 0.78)
    wood = mix(rgb(r.choice(accents)), rgb("#b98a5e"), 0.5)
    scene.fill(np.array([(0, table), (W, table), (W, H), (0, H)]), (lighter(wood, 0.15), darker(wood, 0.15)))
    slots = list(np.linspace(0.22, W - 0.22, 3 if W < 1.3 else 4))
    r.shuffle(slots)
    for x in slots:
        x += r.uniform(-0.05, 0.05)
        y = table + r.uniform(0.06, 0.18)
        thing = r.choice(["vase", "vase", "cup", "cup", "cat", "dog", "ball", "flower", "none"])
        c, c2 = (rgb(r.choice(accents)), rgb(r.choice(accents))) if r.random() < 0.6 else (random_colour(r), random_colour(r))
        scene.glow(x, y, 0.2, 0.04, darker(wood, 0.7), 0.45)
        if thing == "vase":
            s = r.uniform(0.3, 0.42)
            for _ in range(r.randint(1, 3)):
                draw_flower(scene, x + r.uniform(-0.02, 0.02), y - s * 0.9, r.uniform(0.34, 0.52) * min(1.0, 0.8 * H + 0.1), random_colour(r) if r.random() < 0.5 else rgb(r.choice(accents)), r, r.uniform(-0.45, 0.45))
            draw_vase(scene, x, y, s, c, r)
        elif thing == "cup":
            draw_cup(scene, x, y, r.uniform(0.22, 0.36), c, r, r.random() < 0.5)
        elif thing == "cat":
            draw_cat(scene, x, y, r.uniform(0.45, 0.7), r)
        elif thing == "dog":
            draw_dog(scene, x, y, r.uniform(0.45, 0.7), r)
        elif thing == "ball":
            s = r.uniform(0.09, 0.16)
            draw_ball(scene, x, y - s, s, c, c2, r)
        elif thing == "flower":
            draw_flower(scene, x, y, r.uniform(0.4, 0.62), c, r)


def _street(scene: Scene, r: random.Random, light, dark, accents) -> None:
    ground = background(scene, r, "outdoors", light, dark, accents)
    W, H = scene.W, scene.H
    if r.random() < 0.6:
        draw_sun(scene, r.uniform(0.12, W - 0.12), r.uniform(0.12, 0.2), r.uniform(0.06, 0.1), r)
    for _ in range(r.randint(1, 2)):
        draw_house(scene, r.uniform(0.15, W - 0.15), ground + r.uniform(0, 0.05), r.uniform(0.4, 0.62), random_colour(r), rgb(r.choice(accents)), r)
    for _ in range(r.randint(0, 3)):
        draw_tree(scene, r.uniform(0.05, W - 0.05), ground + r.uniform(0.02, 0.1), r.uniform(0.35, 0.62), r)
    near = H * r.uniform(0.88, 0.96)
    for x in sorted(r.uniform(0.2, W - 0.2) for _ in range(r.randint(1, 3))):
        thing = r.choice(["car", "car", "dog", "cat", "ball", "flower", "person"])
        c, c2 = (rgb(r.choice(accents)), rgb(r.choice(accents))) if r.random() < 0.5 else (random_colour(r), random_colour(r))
        scene.glow(x, near, 0.2, 0.035, "#20301f", 0.35)
        if thing == "car":
            draw_car(scene, x, near, r.uniform(0.4, 0.6), c, r)
        elif thing == "dog":
            draw_dog(scene, x, near, r.uniform(0.3, 0.5), r)
        elif thing == "cat":
            draw_cat(scene, x, near, r.uniform(0.3, 0.5), r)
        elif thing == "ball":
            s = r.uniform(0.07, 0.13)
            draw_ball(scene, x, near - s, s, c, c2, r)
        elif thing == "flower":
            draw_flower(scene, x, near, r.uniform(0.3, 0.5), c, r)
        else:
            radius = r.uniform(0.115, 0.15)
            draw_person(scene, x, near - radius * 4.9, radius, random_look(r, accents), random_arms(r), r, r.uniform(-0.1, 0.1), True)
