"""Write the held-out pictures that tests and `npm run eval:demo` use (never trained on: own seed range).

    python heldout.py --out tests/fixtures/heldout-leaves
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

import leaves

SMALL, LARGE = 12, 4


def entries() -> list[tuple[int, int]]:
    """(seed, size) of every picture."""
    first = leaves.HELDOUT_SEED + 1000
    return [(first + 2 * i, 256 if i < SMALL else 512) for i in range(SMALL + LARGE)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for i, (seed, size) in enumerate(entries()):
        picture, palette = leaves.picture(seed, size)
        name = f"leaves-{i:02d}.png"
        Image.fromarray(picture).save(out / name, optimize=True)
        caption = leaves.caption(np.random.default_rng([seed, 41]), palette)
        index.append({"file": name, "seed": seed, "size": size, "caption": caption, "colors": palette["names"],
                      "tone": palette["tone"], "texture": palette["texture"]})
    (out / "index.json").write_text(json.dumps(index, indent=2) + "\n")
    print(sum(f.stat().st_size for f in out.iterdir()) / 1e6, "MB")


if __name__ == "__main__":
    main()
