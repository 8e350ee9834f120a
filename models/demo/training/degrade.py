"""Degradations that the denoiser learns to undo: resampling blur, compression, noise, wrong colours.

All functions work on float images [N, 3, H, W] in 0..1.
"""

from __future__ import annotations

import functools
import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def _kernel(name: str, x: np.ndarray) -> np.ndarray:
    """Resampling kernels with Pillow's definitions."""
    x = np.abs(x)
    if name == "lanczos":
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    if name == "bicubic":
        a = -0.5
        inner = (a + 2) * x**3 - (a + 3) * x**2 + 1
        outer = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
        return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
    if name == "triangle":
        return np.maximum(0.0, 1 - x)
    return np.where((x <= 0.5), 1.0, 0.0)  # box


@functools.lru_cache(maxsize=64)
def resize_matrix(size_in: int, size_out: int, kernel: str) -> Tensor:
    """Matrix [size_out, size_in] of an antialiased resize along one axis (Pillow's rule)."""
    scale = max(1.0, size_in / size_out)
    centre = (np.arange(size_out) + 0.5) * size_in / size_out
    weights = _kernel(kernel, (np.arange(size_in)[None] + 0.5 - centre[:, None]) / scale)
    return torch.from_numpy((weights / weights.sum(1, keepdims=True)).astype(np.float32))


def resize(images: Tensor, size: int, kernel: str) -> Tensor:
    """Square resize [N,3,S,S] -> [N,3,size,size]."""
    matrix = resize_matrix(images.shape[-1], size, kernel)
    return matrix @ images @ matrix.T


def lanczos_canvas(images: Tensor, factor: int = 4, kernel: str = "box") -> Tensor:
    """What the studio's canvas looks like: `factor` times smaller, then Lanczos-3 back up."""
    size = images.shape[-1]
    return resize(resize(images, size // factor, kernel), size, "lanczos").clamp(0, 1)


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Separable blur with reflected edges."""
    radius = max(1, math.ceil(3 * sigma))
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    k = torch.exp(-0.5 * (x / sigma) ** 2)
    k = (k / k.sum()).expand(3, 1, -1)
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, k[:, :, None, :], groups=3), k[:, :, :, None], groups=3)


def jpeg(image: Tensor, quality: int) -> Tensor:
    """JPEG round trip of one image [3,H,W]."""
    array = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1).float() / 255


def blur_degrade(rng: np.random.Generator, image: Tensor) -> Tensor:
    """Random blur + downscale + Lanczos upscale of one image [1,3,S,S]; mostly factor 4."""
    size = image.shape[-1]
    factor = float(rng.choice([4, 4, 4, 4, 3, 2.5, 2, 6]))
    low = image
    if rng.random() < 0.35:
        low = gaussian_blur(low, rng.uniform(0.4, 2.0))
    low = resize(low, int(round(size / factor)), str(rng.choice(["box", "box", "bicubic", "lanczos", "triangle"])))
    if rng.random() < 0.2:
        low = low + float(rng.uniform(0, 0.02)) * torch.from_numpy(rng.standard_normal(low.shape).astype(np.float32))
    if rng.random() < 0.2:
        low = jpeg(low[0], int(rng.integers(60, 96)))[None]
    kernel = "lanczos" if rng.random() < 0.85 else str(rng.choice(["bicubic", "triangle"]))
    return resize(low, size, kernel).clamp(0, 1)


def _hue_rotation(angle: float) -> np.ndarray:
    """RGB matrix that rotates the chroma plane of YIQ."""
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    c, s = math.cos(angle), math.sin(angle)
    return np.linalg.inv(to_yiq) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ to_yiq


def recolor(rng: np.random.Generator, image: Tensor, strength: float) -> Tensor:
    """Change the colours of [1,3,H,W]: desaturate, rotate hues, colourise or tint; strength 0..1 scales the change."""
    luma = np.array([[0.299, 0.587, 0.114]] * 3)
    kind = rng.random()
    offset = np.zeros(3)
    if kind < 0.3:
        matrix = luma
    elif kind < 0.6:
        matrix = _hue_rotation(rng.uniform(0, 2 * math.pi))
    elif kind < 0.85:
        tint = rng.uniform(0.05, 1.0, 3)
        tint = tint / max(tint @ luma[0], 0.15)
        matrix = luma * np.clip(tint, 0, 2.5)[:, None]
    else:
        matrix, offset = np.eye(3) * 0.55, rng.uniform(0, 1, 3) * 0.45
    matrix = np.eye(3) * (1 - strength) + matrix * strength
    out = torch.einsum("ij,njhw->nihw", torch.from_numpy(matrix.astype(np.float32)), image)
    return (out + torch.from_numpy((offset * strength).astype(np.float32))[None, :, None, None]).clamp(0, 1)
