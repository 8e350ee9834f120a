"""What example boxes do, on drawn pictures: the figures of README-sam3.md.

    python measure_sam3_examples.py sam3.safetensors --val VAL --merges bpe_simple_vocab_16e6.js

A detection is wrong if its mask meets no drawn instance of the concept with IoU 0.3, right if it meets one with IoU above 0.5. A negative
box is the box of such a detection; the detection is removed if no answer has a mask of IoU above 0.5 with it, and another right one is
lost if its instance is no longer met with IoU above 0.5.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bpe import Tokenizer
from measure_sam3 import WORDS, load, tokens
from sam3_measure import mask_iou
from sam3_network import Sam3Detector
from train_sam3 import Pool

PHRASE = 7  # tokens of the longest phrase


class Asker:
    """Answers for one picture, several prompts at once."""

    def __init__(self, model: Sam3Detector, bpe: Tokenizer, image: np.ndarray, threshold: float):
        self.model, self.bpe, self.threshold = model, bpe, threshold
        self.levels = model.vision_encoder(torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None])

    def ask(self, phrases: list[str], boxes: list[np.ndarray] | None = None, label: int = 1) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per prompt the kept boxes [k,4] and bool masks [k,G*G]; boxes: one example each."""
        ids = tokens(self.bpe, phrases, self.model.c.context)[:, :PHRASE]
        examples = None if boxes is None else torch.from_numpy(np.stack(boxes)).float()[:, None]
        labels = None if boxes is None else torch.full((len(ids), 1), label)
        out = self.model.ground(self.levels, torch.zeros(len(ids), dtype=torch.long), self.model.text(ids), ids != 0, examples, labels)
        queries, found, presence, _ = out["layers"][-1]
        keep = out["logits"][-1].sigmoid() * presence.sigmoid()[:, None] > self.threshold
        masks: Tensor = self.model.mask_decoder.masks(out["pixels"], queries).flatten(2) > 0
        return [(found[i][k].numpy(), masks[i][k].numpy()) for i, k in enumerate(keep)]


def best(masks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Best IoU [n] of each true mask [n,p] among masks [k,p]."""
    return mask_iou(masks, truth).max(0, initial=0) if len(masks) and len(truth) else np.zeros(len(truth))


@torch.no_grad()
def figures(model: Sam3Detector, bpe: Tokenizer, pool: Pool, pictures: range, threshold: float = 0.5) -> dict[str, float]:
    """Shares and mean IoUs by name; pictures: which of the pool's."""
    seen: dict[str, list[float]] = {k: [] for k in ("wrong removed", "right lost with it", "chosen right removed", "other right lost", "visual: boxed", "visual: all",
                                                    "phrase and box: boxed", "phrase and box: all")}
    for i in pictures:
        asker = Asker(model, bpe, pool.images[i], threshold)
        present, absent = pool.state(i)
        truths = {c: pool.concept(i, c)[1].reshape(-1, pool.grid ** 2) for c in present + absent}
        asked: list[tuple[int, bool, np.ndarray, np.ndarray, np.ndarray]] = []
        for c, (boxes, masks) in zip(present + absent, asker.ask([WORDS[c] for c in present + absent])):
            truth = truths[c]
            overlap = mask_iou(masks, truth) if len(truth) else np.zeros((len(masks), 0))
            met = overlap.max(0, initial=0) > 0.5
            for k, share in enumerate(overlap.max(1, initial=0)):
                if share < 0.3:
                    asked.append((c, True, boxes[k], masks[k], met))
                elif share > 0.5 and met.sum() > 1:
                    asked.append((c, False, boxes[k], masks[k], met & (np.arange(len(truth)) != overlap[k].argmax())))
        after = asker.ask([WORDS[a[0]] for a in asked], [a[2] for a in asked], 0) if asked else []
        for (c, wrong, _, mask, others), (_, masks) in zip(asked, after):
            seen["wrong removed" if wrong else "chosen right removed"].append(float(best(masks, mask[None])[0] <= 0.5))
            seen["right lost with it" if wrong else "other right lost"] += (best(masks, truths[c])[others] <= 0.5).astype(float).tolist()
        examples = [pool.concept(i, c)[0][0] for c in present]
        for name, phrases in (("visual", ["visual"] * len(present)), ("phrase and box", [WORDS[c] for c in present])):
            for c, (_, masks) in zip(present, asker.ask(phrases, examples)):
                iou = best(masks, truths[c])
                seen[f"{name}: boxed"].append(iou[0])
                seen[f"{name}: all"] += iou.tolist()
    counts = {f"number of {k}": len(v) for k, v in seen.items() if "removed" in k or "lost" in k}
    return {k: float(np.mean(v)) if v else float("nan") for k, v in seen.items()} | counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--count", type=int, default=60)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = load(args.model)[0]
    for name, value in figures(model, Tokenizer(args.merges), Pool(args.val, 4 * model.c.grid), range(args.first, args.first + args.count)).items():
        print(f"{name:32s} {value:.3f}")


if __name__ == "__main__":
    main()
