"""Measure an exported demo SAM 3's clicks, corrections and boxes on the held-out drawings.

    python measure_sam3_clicks.py sam3.safetensors --heldout ../../../tests/fixtures/heldout-drawings

Works on the .safetensors file alone (F16 weights in fp32 arithmetic), as the studio does.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open

from figures import mask_at
from measure_sam3 import decode, load, preprocess
from sam3_click_measure import Clicker, summary
from sam3_measure import MIN_AREA
from sam3_network import Sam3Config, Sam3Detector
from sam3_tracker_network import Sam3Tracker

SMALL = 100  # cells: things below and above are listed apart


def load_both(path: Path) -> tuple[Sam3Detector, Sam3Tracker]:
    """The detector and the interactive predictor of a file."""
    detector = load(path)[0]
    with safe_open(path, "pt") as f:
        w = {k: f.get_tensor(k).float() for k in f.keys() if k.startswith(("tracker_neck.", "tracker_model."))}
    decoder = "tracker_model.mask_decoder."
    extra = {"tracker_mlp": w[decoder + "transformer.layers.0.mlp.proj_in.weight"].shape[0], "tracker_iou": w[decoder + "iou_prediction_head.proj_in.weight"].shape[0]}
    c = detector.c
    tracker = Sam3Tracker(Sam3Config(**{k: getattr(c, k) for k in c.__dataclass_fields__ if k != "extra"}, extra=extra)).eval()
    tracker.load_state_dict(w)
    return detector, tracker


def drawn(picture: dict, grid: int) -> dict[str, list[np.ndarray]]:
    """Masks [grid,grid] by concept of the things large enough to measure."""
    out: dict[str, list[np.ndarray]] = {}
    for thing in picture["instances"]:
        mask = mask_at(decode(thing["rle"], picture["width"], picture["height"]), grid, grid)
        if mask.sum() >= MIN_AREA:
            out.setdefault(thing["concept"], []).append(mask)
    return out


def different(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Every mask once: a woman is listed as a person too."""
    return list({m.tobytes(): m for m in masks}.values())


def row(name: str, f: dict[str, float]) -> str:
    shown = ("click", "click, best of three", "1 corrections", "2 corrections", "box", "there")
    return f"{name:10s}" + "".join(f"{f[k]:10.3f}" for k in shown) + f"{f['things']:8d}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--heldout", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    detector, tracker = load_both(args.model)
    grid = 4 * detector.c.grid
    r = np.random.default_rng(0)
    figures: list[tuple[set[str], int, dict[str, float]]] = []
    background: list[float] = []
    for picture in json.loads((args.heldout / "index.json").read_text())["pictures"]:
        by_concept = drawn(picture, grid)
        with torch.no_grad():
            pixels = preprocess(Image.open(args.heldout / picture["file"]), detector.c.image)
            clicker = Clicker(tracker, tracker.features(detector.vision_encoder.backbone(pixels)))
        things = different([m for masks in by_concept.values() for m in masks])
        for mask in things:
            names = {c for c, masks in by_concept.items() if any((m == mask).all() for m in masks)}
            figures.append((names, int(mask.sum()), clicker.thing(mask)))
        background += clicker.background(np.stack(things), r)
    every = summary([f for _, _, f in figures], background)
    print(f"{'':10s}{'click':>10s}{'best of 3':>10s}{'+1':>10s}{'+2':>10s}{'box':>10s}{'score > 0':>10s}{'things':>8s}")
    print(row("all", every))
    print(row("small", summary([f for _, n, f in figures if n < SMALL], background)))
    print(row("large", summary([f for _, n, f in figures if n >= SMALL], background)))
    for concept in sorted({c for names, _, _ in figures for c in names}):
        print(row(concept, summary([f for names, _, f in figures if concept in names], background)))
    print(f"background clicks with a score of at most 0: {every['background']:.3f} of {every['background clicks']}; "
          f"predicted IoU off by {every['iou error']:.3f} on average")


if __name__ == "__main__":
    main()
