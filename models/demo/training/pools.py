"""Reading pre-drawn picture pools (leaves.py writes them)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class Pool:
    """All <name>.npy / <name>.json pairs of a folder as one list of pictures."""

    def __init__(self, folder: Path, patterns: str = "pool*.npy"):
        """`patterns`: comma-separated file patterns; each file holds an even number of pictures (palette twins)."""
        files = sorted(f for p in patterns.split(",") for f in folder.glob(p) if ".part" not in f.name)
        self.arrays = [np.load(f, mmap_mode="r") for f in files]
        self.labels = [entry for f in files for entry in json.loads(f.with_suffix(".json").read_text())]
        self.starts = np.cumsum([0, *(len(a) for a in self.arrays)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def array(self, index: int) -> np.ndarray:
        """uint8 [S, S, 3]."""
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.arrays[which][index - self.starts[which]]

    def crop(self, rng: np.random.Generator, index: int, size: int) -> Tensor:
        """Random crop of one picture, float [1, 3, size, size] in 0..1, randomly mirrored."""
        picture = self.array(index)
        y, x = rng.integers(0, picture.shape[0] - size + 1, 2)
        return to_tensor(picture[y:y + size, x:x + size][:, :: int(rng.choice([-1, 1]))])


def to_tensor(picture: np.ndarray) -> Tensor:
    """uint8 [H, W, 3] -> float [1, 3, H, W] in 0..1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float()[None] / 255


def psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal to noise ratio in dB over all values (range 0..1)."""
    return float(-10 * torch.log10(((a - b) ** 2).mean()))
