"""How well clicks, corrections and boxes find what is drawn: the figures of README-sam3.md for the interactive predictor.

Everything happens on the mask grid (G x G). A click goes to the innermost cell of the thing (or of the larger error), as
an aiming user would; a box is the tight one. The answer to one click is the one of three masks with the best predicted
IoU; every other answer is mask 0, or the best of the three where its outline is unstable (spec/sam3.md 4.3).
"""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sam3_tracker_network import BOTTOM_RIGHT, NEGATIVE, POSITIVE, TOP_LEFT, Sam3Tracker

CLEAR_OF_THINGS = 3  # cells between a background click and the nearest thing


def depth(region: np.ndarray) -> np.ndarray:
    """Per cell of a bool region [G,G] the number of erosions (by a plus) that it survives; the picture's border erodes nothing."""
    out = np.zeros(region.shape, int)
    x = region
    while x.any():
        out += x
        if x.all():
            break
        p = np.pad(x, 1, mode="edge")
        x = x & p[:-2, 1:-1] & p[2:, 1:-1] & p[1:-1, :-2] & p[1:-1, 2:]
    return out


def innermost(region: np.ndarray) -> tuple[int, int]:
    """(x, y) of the deepest cell of a region that is not empty, of equals the one nearest to their mean."""
    d = depth(region)
    ys, xs = np.nonzero(d == d.max())
    i = np.argmin((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2)
    return int(xs[i]), int(ys[i])


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


def stable(logits: Tensor) -> bool:
    outer = int((logits > -0.05).sum())
    return outer == 0 or int((logits > 0.05).sum()) / outer >= 0.98


def single(out: dict[str, Tensor]) -> int:
    """Which of the four masks answers a prompt that is not ambiguous."""
    return 0 if stable(out["masks"][0, 0]) else 1 + int(out["iou"][0, 1:].argmax())


class Clicker:
    """Prompts on one picture."""

    def __init__(self, tracker: Sam3Tracker, levels: tuple[Tensor, Tensor, Tensor]):
        self.tracker, self.levels = tracker, levels
        self.cell = tracker.c.image / (4 * tracker.c.grid)

    @torch.no_grad()
    def ask(self, points: list[tuple[float, float, int]], mask: Tensor | None = None) -> dict[str, Tensor]:
        """points: (x, y) in cells of the mask grid and label."""
        at = torch.tensor([[[x * self.cell, y * self.cell] for x, y, _ in points]], dtype=torch.float32)
        return self.tracker.answer(self.levels, torch.zeros(1, dtype=torch.long), at, torch.tensor([[p[2] for p in points]]), mask)

    def thing(self, truth: np.ndarray, corrections: int = 2) -> dict[str, float]:
        """Figures of one drawn thing, bool [G,G]."""
        x, y = innermost(truth)
        points = [(x + 0.5, y + 0.5, POSITIVE)]
        out = self.ask(points)
        each = [iou((m > 0).numpy(), truth) for m in out["masks"][0, 1:]]
        best = int(out["iou"][0, 1:].argmax())
        figures = {"click": each[best], "click, best of three": max(each), "there": float(out["object"][0] > 0),
                   "iou error": abs(float(out["iou"][0, 1 + best]) - each[best])}
        chosen = 1 + best
        for n in range(corrections):
            got = (out["masks"][0, chosen] > 0).numpy()
            missed, surplus = truth & ~got, got & ~truth
            if (got != truth).any():
                add = depth(missed).max() >= depth(surplus).max()
                x, y = innermost(missed if add else surplus)
                points.append((x + 0.5, y + 0.5, POSITIVE if add else NEGATIVE))
                out = self.ask(points, out["masks"][:, chosen : chosen + 1].clamp(-32, 32))
                chosen = single(out)
            figures[f"{n + 1} corrections"] = iou((out["masks"][0, chosen] > 0).numpy(), truth)
        rows, cols = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        out = self.ask([(cols[0], rows[0], TOP_LEFT), (cols[-1] + 1, rows[-1] + 1, BOTTOM_RIGHT)])
        figures["box"] = iou((out["masks"][0, single(out)] > 0).numpy(), truth)
        return figures

    def background(self, things: np.ndarray, r: np.random.Generator, clicks: int = 10) -> list[float]:
        """For clicks clear of all things (bool [n,G,G]): 1 where the object score says that nothing is there."""
        free = np.argwhere(depth(~things.any(0)) > CLEAR_OF_THINGS)
        chosen = free[r.permutation(len(free))[:clicks]]
        return [float(self.ask([(x + 0.5, y + 0.5, POSITIVE)])["object"][0] <= 0) for y, x in chosen]


def summary(figures: list[dict[str, float]], background: list[float]) -> dict[str, float]:
    """Means over things, and the share of background clicks that were recognised."""
    means = {k: float(np.mean([f[k] for f in figures])) for k in figures[0]}
    return means | {"background": float(np.mean(background)), "things": len(figures), "background clicks": len(background)}
