"""Draw the held-out pictures that the product measures the demo SAM 3 on.

    python make_heldout.py ../../../tests/fixtures/heldout-drawings --count 24

Seeds are taken from 0 upwards, so that every concept occurs; training uses seeds from 1,000,000 (and 500,000 for
validation), so none of these pictures was ever trained on. `index.json`:

    {"format": ..., "vocabulary": [...], "pictures": [{"file", "seed", "width", "height", "instances": [{"concept", "phrase", "rle"}]}]}

One entry per instance and concept (a woman is listed as "person" and as "woman"). `rle` are run lengths over the picture's
pixels in row-major order, alternating background and mask and starting with background (a leading 0 if the first pixel is inside).
"""
from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from figures import VOCABULARY, mask_at, random_scene

FORMAT = "rle: run lengths over width*height pixels in row-major order, alternating outside and inside, starting with outside"
MIN_SHARE = 4 / 72 ** 2  # instances below this share of the picture are too small to be learned or measured


def runs(mask: np.ndarray) -> list[int]:
    """Alternating run lengths of a flat bool array, starting with False."""
    flat = np.concatenate([[False], mask.reshape(-1), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    lengths = np.diff(np.concatenate([[0], edges, [mask.size]]))
    return lengths[: len(lengths) - (lengths[-1] == 0)].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--short", type=int, default=336)
    parser.add_argument("--most", type=int, default=100, help="seeds 0..most-1 are looked at")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    scenes = {}
    for seed in range(args.most):
        scene = random_scene(seed, short=args.short)
        things = [(c, mask_at(m, scene.width, scene.height)) for c, m in scene.masks()]
        scenes[seed] = (scene, [(c, m) for c, m in things if m.any()])
    have: Counter[str] = Counter()
    chosen: list[int] = []
    while len(chosen) < args.count:  # next the picture that helps the concepts seen least
        def gain(seed: int) -> float:
            names = Counter(c for cs, _ in scenes[seed][1] for c in cs)
            return sum(sum(1 / (1 + have[c] + k) ** 1.5 for k in range(n)) for c, n in names.items()) / (3 + len(scenes[seed][1])) ** 0.5
        best = max((s for s in scenes if s not in chosen), key=gain)
        chosen.append(best)
        have.update(c for cs, _ in scenes[best][1] for c in cs)
    pictures = []
    for seed in sorted(chosen):
        scene, things = scenes[seed]
        name = f"drawing-{seed:02d}.png"
        scene.picture().save(args.out / name, optimize=True)
        small = MIN_SHARE * scene.width * scene.height
        instances = [{"concept": c, "phrase": VOCABULARY[c][0], "rle": runs(m)} for cs, m in things if m.sum() >= small for c in sorted(cs)]
        unclear = sorted({c for cs, m in things if m.sum() < small for c in cs} - {i["concept"] for i in instances})
        pictures.append({"file": name, "seed": seed, "width": scene.width, "height": scene.height, "tooSmall": unclear, "instances": instances})
    index = {"format": FORMAT, "tooSmall": "concepts of the picture whose only instances cover less than 4/72^2 of it: neither present nor absent",
             "vocabulary": list(VOCABULARY), "pictures": pictures}
    (args.out / "index.json").write_text(json.dumps(index, separators=(",", ":")).replace('{"file"', '\n{"file"') + "\n")
    total = sum(p.stat().st_size for p in args.out.iterdir())
    print(f"{len(pictures)} pictures, {total} bytes, instances per concept: {dict(Counter(i['concept'] for p in pictures for i in p['instances']))}")


if __name__ == "__main__":
    main()
