"""How well a detector finds what is drawn: the figures of README-sam3.md.

Per picture and concept present in it: detections with sigmoid(logit) * sigmoid(presence) above the threshold are matched
greedily (largest IoU first) to the drawn instances by the IoU of their masks at mask resolution; a missed instance counts
0. A concept's figure is the mean over its instances, the headline the mean over concepts. Instances that cover fewer than
`MIN_AREA` cells of the mask grid are left out (they are not learned either).
"""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

MIN_AREA = 4


def mask_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU [n,m] of bool masks [n,p] and [m,p]."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    inter = a @ b.T
    return inter / np.maximum(a.sum(1)[:, None] + b.sum(1)[None] - inter, 1)


def greedy(iou: np.ndarray) -> np.ndarray:
    """Best IoU of each ground-truth instance (columns) when every detection (rows) is used at most once."""
    iou = iou.copy()
    out = np.zeros(iou.shape[1], np.float32)
    while iou.size and iou.max() > 0:
        d, t = np.unravel_index(iou.argmax(), iou.shape)
        out[t] = iou[d, t]
        iou[d, :] = 0
        iou[:, t] = 0
    return out


@torch.no_grad()
def detect(model, levels: tuple[Tensor, ...], row: int, text: Tensor, valid: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scores [Q] and bool masks [Q,G*G] for picture `row` and P phrases at once: text [P,n,d] -> ([P,Q], [P,Q,G*G])."""
    rows = torch.full((len(text),), row)
    out = model.ground(levels, rows, text, valid)
    queries, _, presence, _ = out["layers"][-1]
    scores = out["logits"][-1].sigmoid() * presence.sigmoid()[:, None]
    masks = model.mask_decoder.masks(out["pixels"], queries).flatten(2) > 0
    return scores.float().numpy(), masks.numpy()


def measure(found: list[dict], words: list[str], threshold: float) -> dict:
    """found: per picture {"scores" [C,Q], "masks" [C,Q,P], "truth": {concept index: [n,P]}, "unclear": set}; figures by name."""
    per: dict[str, list[float]] = {w: [] for w in words}
    hits = {w: 0 for w in words}
    false_rows, absent_rows, extra, kept_all = 0, 0, 0, 0
    for picture in found:
        for c, word in enumerate(words):
            keep = picture["scores"][c] > threshold
            if c in picture["truth"]:
                truth = picture["truth"][c]
                best = greedy(mask_iou(picture["masks"][c][keep], truth)) if keep.any() else np.zeros(len(truth), np.float32)
                per[word] += best.tolist()
                hits[word] += int((best > 0.5).sum())
                extra += int(keep.sum()) - int((best > 0.1).sum())
                kept_all += int(keep.sum())
            elif c not in picture["unclear"]:
                absent_rows += 1
                false_rows += bool(keep.any())
    means = {w: float(np.mean(v)) for w, v in per.items() if v}
    return {"mean": float(np.mean(list(means.values()))), "per_concept": means, "instances": {w: len(v) for w, v in per.items()},
            "found_at_half": {w: hits[w] / max(1, len(per[w])) for w in words}, "false_rate_absent": false_rows / max(1, absent_rows),
            "extra_per_kept": extra / max(1, kept_all), "threshold": threshold}
