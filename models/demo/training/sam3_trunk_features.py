"""Run the exported demo SAM 3's frozen ViT once over a pool of drawings, for train_sam3_tracker.py.

    python sam3_trunk_features.py sam3.safetensors --pool POOL --out FEATURES

Writes per shard `shard-*.npz` with `features` float16 [n,w,g,g], `flipped` bool [n] (half the pictures are mirrored before the
network sees them; their masks are not, the reader does that) and the pool's `picture`, `boxes` and `masks`. Colours are
varied as in the detector's training unless --plain is given.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from measure_sam3 import load
from train_sam3 import augment


@torch.no_grad()
def features(backbone: torch.nn.Module, images: np.ndarray, r: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
    """ViT maps of images uint8 [n,S,S,3] and which were mirrored; r: None for neither mirroring nor variation."""
    flipped = np.zeros(len(images), bool) if r is None else r.random(len(images)) < 0.5
    maps = []
    for start in range(0, len(images), 8):
        part = range(start, min(start + 8, len(images)))
        pixels = [images[i].astype(np.float32) / 127.5 - 1 if r is None else augment(images[i], r) for i in part]
        pixels = np.stack([p[:, ::-1] if flipped[i] else p for i, p in zip(part, pixels)])
        maps.append(backbone(torch.from_numpy(pixels).permute(0, 3, 1, 2)).to(torch.float16).numpy())
    return np.concatenate(maps), flipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plain", action="store_true", help="neither mirror nor vary the pictures, e.g. for validation")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    backbone = load(args.model)[0].vision_encoder.backbone
    for path in sorted(args.pool.glob("shard-*.npz")):
        if (args.out / path.name).exists():
            continue
        r = None if args.plain else np.random.default_rng([args.seed, int(path.stem.split("-")[1])])
        with np.load(path) as shard:
            maps, flipped = features(backbone, shard["images"], r)
            part = args.out / f"part-{path.stem}.tmp.npz"
            np.savez(part, features=maps, flipped=flipped, picture=shard["picture"], boxes=shard["boxes"], masks=shard["masks"])
        part.rename(args.out / path.name)
        print(f"{path.name}: {len(maps)} pictures", flush=True)


if __name__ == "__main__":
    main()
