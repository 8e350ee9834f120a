"""Noise levels, schedules and samplers with ComfyUI's semantics (specification section F)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Denoiser = Callable[[Tensor, float], Tensor]


def sigma_table() -> np.ndarray:
    """The 1000 SDXL noise levels, ascending."""
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    abar = np.cumprod(1 - betas)
    return np.sqrt((1 - abar) / abar)


SIGMAS = sigma_table()
SIGMA_MIN, SIGMA_MAX = float(SIGMAS[0]), float(SIGMAS[-1])
_LOG_SIGMAS = torch.from_numpy(np.log(SIGMAS)).float()


def timestep(sigma: Tensor) -> Tensor:
    """Index of the nearest noise level in log space, float [N]."""
    return (sigma.float().log()[:, None] - _LOG_SIGMAS[None]).abs().argmin(1).float()


def karras(steps: int, rho: float = 7.0) -> list[float]:
    """steps + 1 noise levels, the last is 0."""
    ramp = np.linspace(0, 1, steps)
    low, high = SIGMA_MIN ** (1 / rho), SIGMA_MAX ** (1 / rho)
    return [*((high + ramp * (low - high)) ** rho).tolist(), 0.0]


def truncated_karras(steps: int, denoise: float) -> list[float]:
    """img2img strength: schedule for int(steps / denoise), keep the last steps + 1."""
    if denoise > 0.9999:
        return karras(steps)
    return karras(int(steps / denoise))[-(steps + 1):]


def euler(model: Denoiser, x: Tensor, sigmas: list[float]) -> Tensor:
    """Deterministic Euler steps."""
    for sigma, following in zip(sigmas, sigmas[1:]):
        x = x + (x - model(x, sigma)) / sigma * (following - sigma)
    return x


def dpmpp_2m(model: Denoiser, x: Tensor, sigmas: list[float]) -> Tensor:
    """DPM-Solver++(2M)."""
    previous, last = None, 0.0
    for sigma, following in zip(sigmas, sigmas[1:]):
        denoised = model(x, sigma)
        if following == 0:
            return denoised
        step = np.log(sigma / following)
        mixed = denoised
        if previous is not None:
            ratio = np.log(last / sigma) / step
            mixed = denoised + (denoised - previous) / (2 * ratio)
        x = following / sigma * x + (1 - np.exp(-step)) * mixed
        previous, last = denoised, sigma
    return x


SAMPLERS = {"euler": euler, "dpmpp_2m": dpmpp_2m}
