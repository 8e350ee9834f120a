"""Compare `sam3_network.py` with recorded outputs of the reference SAM 3 (tiny random weights, transformers names).

    python check_sam3_golden.py GOLDENS_DIR      (the folder with config.json, weights, inputs and outputs .safetensors)

Prints the largest absolute difference of every compared tensor and fails above 1e-4 (mask logits: 1e-3).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from sam3_network import Sam3Config, Sam3Detector
from sam3_tracker_network import BOTTOM_RIGHT, TOP_LEFT, Sam3Tracker

# Tensors that the goldens store every so many elements apart (spec/sam3.md, appendix B).
STRIDES = {"fpn0": 145, "fpn1": 37, "fpn2": 9, "pixel_embed": 145, "pred_masks": 27, "encoder_memory": 9,
           "trk_fpn2": 9, "trk_s0": 19, "trk_s1": 9, "dense": 9, "raw_low_res": 7}


def clicks(inputs: dict[str, torch.Tensor], case: str, scale: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Points and box corners of an interactive case in pixels of the network input [1,n,2], their labels [1,n], its mask prompt."""
    at, labels = [torch.zeros(0, 2)], [torch.zeros(0, dtype=torch.long)]
    if f"{case}.in.box" in inputs:
        at.append(inputs[f"{case}.in.box"].view(2, 2))
        labels.append(torch.tensor([TOP_LEFT, BOTTOM_RIGHT]))
    if f"{case}.in.point_coords" in inputs:
        at.append(inputs[f"{case}.in.point_coords"].view(-1, 2))
        labels.append(inputs[f"{case}.in.point_labels"].view(-1).long())
    mask = inputs.get(f"{case}.in.mask_input")
    return (torch.cat(at) * scale)[None], torch.cat(labels)[None], None if mask is None else mask[None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens", type=Path)
    root = parser.parse_args().goldens
    tiny = json.loads((root / "config.json").read_text())
    config = Sam3Config(
        image=tiny["img"], patch=tiny["patch"], window=tiny["win"], vit_width=tiny["width"], vit_depth=tiny["depth"], vit_heads=tiny["heads"],
        vit_mlp=int(tiny["width"] * tiny["mlp_ratio"]), vit_global=tuple(tiny["glob"]), width=tiny["d"], heads=tiny["nh"], ffn=tiny["ff"],
        encoder_layers=tiny["enc"], decoder_layers=tiny["dec"], queries=tiny["nq"], geometry_layers=tiny["geo"], roi=tiny["roi"],
        text_width=tiny["tw"], text_heads=tiny["th"], text_layers=tiny["tl"], text_mlp=4 * tiny["tw"], context=tiny["ctx"], vocab=tiny["vocab"])
    model = Sam3Detector(config).eval()
    weights = load_file(root / "weights.safetensors")
    mine = {k: weights["detector_model." + k] for k in model.state_dict()}
    model.load_state_dict(mine)
    unused = sorted({".".join(k.split(".")[1:4]) for k in weights if k.startswith("detector_model.") and k[15:] not in mine})
    print("detector weights that the network leaves out:", ", ".join(unused))
    inputs, wanted = load_file(root / "inputs.safetensors"), load_file(root / "outputs.safetensors")
    worst = 0.0

    def compare(name: str, value: torch.Tensor, tolerance: float = 1e-4) -> None:
        nonlocal worst
        stride = STRIDES.get(name.split(".")[-1], 1)
        got, want = value.reshape(-1), wanted[name].reshape(-1)
        if len(got) != len(want):
            got = got[::stride][: len(want)]
        if len(got) != len(want):
            raise SystemExit(f"{name}: {len(got)} values where the golden has {len(want)}")
        error = float((got - want).abs().max())
        worst = max(worst, error / tolerance)
        print(f"{name:34s} {error:.2e}")

    with torch.no_grad():
        for case in ("text", "text_boxes", "box_only", "edge_boxes"):
            boxes, labels = inputs.get(f"{case}.boxes_cxcywh"), inputs.get(f"{case}.box_labels")
            ids = inputs[f"{case}.input_ids"]
            out = model(inputs["pixel_values"], ids, None if boxes is None else boxes[None], None if labels is None else labels[None])
            queries, pred_boxes, presence, _ = out["layers"][-1]
            if case == "text":
                for i in range(3):
                    compare(f"fpn{i}", out["levels"][i])
            valid = wanted[f"{case}.prompt_padding"].reshape(-1) == 0
            prompt = wanted[f"{case}.prompt"]
            error = float((out["prompt"][0][valid] - prompt[0][valid]).abs().max())
            worst = max(worst, error / 1e-4)
            print(f"{case + '.prompt (valid rows)':34s} {error:.2e}")
            compare(f"{case}.encoder_memory", out["memory"])
            compare(f"{case}.pred_logits", out["logits"][-1])
            compare(f"{case}.pred_boxes", pred_boxes)
            compare(f"{case}.presence_logit_dec", presence)
            compare(f"{case}.queries", queries)
            compare(f"{case}.pixel_embed", out["pixels"])
            compare(f"{case}.pred_masks", out["masks"], 1e-3)
            compare(f"{case}.semantic_seg", out["semantic"], 1e-3)
        tracker = Sam3Tracker(config).eval()
        tracker.load_state_dict({k: weights[k] for k in tracker.state_dict()})
        levels = tracker.features(model.vision_encoder.backbone(inputs["pixel_values"]))
        for name, value in zip(("trk_s0", "trk_s1", "trk_fpn2"), levels):
            compare(name, value)
        height, width = tiny["original_size_hw"]
        scale = torch.tensor([tiny["img"] / width, tiny["img"] / height])
        for case in ("pvs.point1", "pvs.points2_single", "pvs.box", "pvs.box_point_mask"):
            out = tracker.answer(levels, torch.zeros(1, dtype=torch.long), *clicks(inputs, case, scale))
            compare(f"{case}.sparse", out["sparse"])
            compare(f"{case}.dense", out["dense"].expand_as(levels[2]))
            compare(f"{case}.object_score_logits", out["object"])
            several = wanted[f"{case}.iou"].numel() > 1
            # A single answer is mask 0 unless its outline is unstable, as with these random weights.
            chosen = [1, 2, 3] if several else [1 + int(out["iou"][0, 1:].argmax())]
            compare(f"{case}.iou", out["iou"][0, chosen])
            compare(f"{case}.raw_low_res", out["masks"][0, chosen], 1e-3)
    if worst > 1:
        raise SystemExit("the network does not match the goldens")
    print("the network matches the goldens")


if __name__ == "__main__":
    main()
