"""Draw a pool of random scenes and store them, at training resolution, as .npz shards.

Each shard holds `images` uint8 [n,S,S,3] (squashed to S x S, bilinear with antialiasing, as the studio does), and for
all instances of its pictures together: `picture` int32 [m], `concepts` uint32 [m] (bit i = the i-th word of
`figures.VOCABULARY`), `boxes` float32 [m,4] (cx, cy, w, h in 0..1) and `masks` uint8 [m, G*G/8] (bit-packed, G x G).

    python make_sam3_pool.py OUT_DIR --first-seed 1000000 --shards 12 --per-shard 1000
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from figures import VOCABULARY, Scene, mask_at, random_scene

WORDS = list(VOCABULARY)


def concept_bits(concepts: frozenset[str]) -> int:
    """The set of concepts as a bit set over the vocabulary's order."""
    return sum(1 << WORDS.index(c) for c in concepts)


def squash(scene: Scene, size: int) -> np.ndarray:
    """uint8 [size,size,3]: the picture without keeping its aspect ratio."""
    return np.asarray(scene.rgb.resize((size, size), Image.BILINEAR))


def tight_box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """(cx, cy, w, h) in 0..1 of a bool mask [h,w]."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    h, w = mask.shape
    x0, x1, y0, y1 = cols[0] / w, (cols[-1] + 1) / w, rows[0] / h, (rows[-1] + 1) / h
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def draw_shard(first_seed: int, count: int, size: int, grid: int, decorated: float) -> dict[str, np.ndarray]:
    """Scenes first_seed..first_seed+count-1 as the arrays described above."""
    images = np.empty((count, size, size, 3), np.uint8)
    picture, concepts, boxes, masks = [], [], [], []
    for i in range(count):
        scene = random_scene(first_seed + i, short=size, decorated=decorated)
        images[i] = squash(scene, size)
        for names, mask in scene.masks():
            small = mask_at(mask, grid, grid)
            picture.append(i)
            concepts.append(concept_bits(names))
            boxes.append(tight_box(mask))
            masks.append(np.packbits(small.reshape(-1)))
    return {"images": images, "picture": np.array(picture, np.int32), "concepts": np.array(concepts, np.uint32),
            "boxes": np.array(boxes, np.float32), "masks": np.stack(masks)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first-seed", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=12)
    parser.add_argument("--per-shard", type=int, default=1000)
    parser.add_argument("--size", type=int, default=252)
    parser.add_argument("--grid", type=int, default=72)
    parser.add_argument("--decorated", type=float, default=0.5, help="share of pictures with a busier backdrop")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for shard in range(args.shards):
        first = args.first_seed + shard * args.per_shard
        part = args.out / f"part-{first}.tmp.npz"
        np.savez(part, **draw_shard(first, args.per_shard, args.size, args.grid, args.decorated))
        part.rename(args.out / f"shard-{first}.npz")
        print(f"shard {shard + 1}/{args.shards}: seeds {first}..{first + args.per_shard - 1}", flush=True)


if __name__ == "__main__":
    main()
