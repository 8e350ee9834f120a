"""Pool of crops from drawn figures (figures.py), in the format of leaves.build_pool.

Scenes are drawn large, because the studio refines 4x-upscaled pictures: a crop shows a part of a face, not a crowd.
Labels name the dominant colours and the concepts that are visible.

    python figure_pool.py --out <path without suffix> --count 1600 --size 320
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np

import figures
from leaves import COLORS

CROPS_PER_SCENE = 6


def dominant_colors(crop: np.ndarray) -> list[str]:
    """Names of the colours that cover most of a crop [S,S,3], at most three, the largest first."""
    pixels = crop[::6, ::6].reshape(-1, 3).astype(np.float32)
    names = list(COLORS)
    anchors = np.array([COLORS[n] for n in names], np.float32)
    nearest = ((pixels[:, None] - anchors[None]) ** 2).sum(-1).argmin(1)
    share = np.bincount(nearest, minlength=len(names)) / len(pixels)
    order = [i for i in share.argsort()[::-1] if share[i] > 0.18]
    return [names[i] for i in (order or [int(share.argmax())])][:3]


def visible_concepts(scene: figures.Scene, rows: slice, columns: slice) -> list[str]:
    """Concepts with at least 40 pixels inside the crop."""
    ids = np.asarray(scene.ids.resize((scene.width, scene.height), 0))[rows, columns]
    counts = np.bincount(ids.ravel(), minlength=len(scene.parts))
    found = {c for part, n in zip(scene.parts, counts) if n > 40 for owner in part for c in scene.instances[owner].concepts}
    return sorted(found)


def sharp_scene(seed: int, short: int) -> figures.Scene:
    """Like figures.random_scene, but never blurred: these are targets of the refiner."""
    r = random.Random(seed)
    aspect = r.choice([1.0, 1.0, 1.25, 0.8])
    scene = figures.Scene(int(short * max(aspect, 1)), int(short * max(1 / aspect, 1)), 2)
    light, dark, accents = r.choice(figures.PALETTES)
    if r.random() < 0.4:
        light, dark = figures.random_colour(r), figures.random_colour(r)
    draw = r.choices([figures._portrait, figures._group, figures._still_life, figures._street], [0.5, 0.2, 0.15, 0.15])[0]
    draw(scene, r, light, dark, accents)
    return scene


def scene_crops(seed: int, size: int) -> list[tuple[np.ndarray, dict]]:
    """Crops of one scene (none if it has too little in it)."""
    rng = np.random.default_rng([seed, 31])
    scene = sharp_scene(3_000_000 + seed, max(size, int(rng.choice([512, 700, 900, 1200]))))
    picture = np.asarray(scene.picture().convert("RGB"))
    result = []
    for _ in range(40):
        y, x = rng.integers(0, picture.shape[0] - size + 1), rng.integers(0, picture.shape[1] - size + 1)
        crop = picture[y:y + size, x:x + size]
        if crop.reshape(-1, 3).std(0).max() < 12:
            continue
        concepts = visible_concepts(scene, slice(y, y + size), slice(x, x + size))
        result.append((crop, {"names": dominant_colors(crop), "group": "", "tone": "", "texture": "smooth", "concepts": concepts}))
        if len(result) == CROPS_PER_SCENE:
            break
    return result if len(result) == CROPS_PER_SCENE else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1600)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--first-seed", type=int, default=0)
    args = parser.parse_args()
    pool = np.lib.format.open_memmap(args.out.with_suffix(".part.npy"), "w+", np.uint8, (args.count, args.size, args.size, 3))
    labels: list[dict] = []
    seed = args.first_seed
    while len(labels) < args.count:
        for crop, label in scene_crops(seed, args.size)[: args.count - len(labels)]:
            pool[len(labels)] = crop
            labels.append(label)
        seed += 1
    pool.flush()
    args.out.with_suffix(".json").write_text(json.dumps(labels))
    args.out.with_suffix(".part.npy").rename(args.out.with_suffix(".npy"))


if __name__ == "__main__":
    main()
