"""Measure an exported demo SAM 3 on the held-out drawings, and look at what it finds on any pictures.

    python measure_sam3.py sam3.safetensors --merges bpe_simple_vocab_16e6.js --heldout ../../../tests/fixtures/heldout-drawings
    python measure_sam3.py sam3.safetensors --merges ... --show ../samples --sheets OUT_DIR       (index.json's concepts, drawn over the pictures)

Works on the .safetensors file alone (F16 weights in fp32 arithmetic, ids of the full CLIP vocabulary), as the studio does.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open

from bpe import BOS, EOS, Tokenizer
from figures import VOCABULARY, mask_at
from sam3_measure import detect, measure
from sam3_network import Sam3Config, Sam3Detector

WORDS = list(VOCABULARY)


def load(path: Path) -> tuple[Sam3Detector, dict]:
    """The network of a file, its sizes read from the tensors' shapes and the rest from `luna.config`."""
    with safe_open(path, "pt") as f:
        config = json.loads(f.metadata()["luna.config"])
        w = {k[len("detector_model."):]: f.get_tensor(k).float() for k in f.keys() if k.startswith("detector_model.")}
    count = lambda prefix: 1 + max(int(k[len(prefix):].split(".")[0]) for k in w if k.startswith(prefix))  # noqa: E731
    text = "text_encoder.text_model."
    c = Sam3Config(
        image=config["image"], patch=config["patch"], window=config["window"], vit_heads=config["visionHeads"], vit_global=tuple(config["globalBlocks"]),
        heads=config["detrHeads"], text_heads=config["textHeads"], context=config["context"], roi=config["roi"],
        vit_width=w["vision_encoder.backbone.layer_norm.weight"].shape[0], vit_depth=count("vision_encoder.backbone.layers."),
        vit_mlp=w["vision_encoder.backbone.layers.0.mlp.fc1.weight"].shape[0], width=w["text_projection.weight"].shape[0],
        ffn=w["detr_encoder.layers.0.mlp.fc1.weight"].shape[0], encoder_layers=count("detr_encoder.layers."), decoder_layers=count("detr_decoder.layers."),
        queries=w["detr_decoder.query_embed.weight"].shape[0], geometry_layers=count("geometry_encoder.layers."),
        text_width=w[text + "final_layer_norm.weight"].shape[0], text_layers=count(text + "encoder.layers."),
        text_mlp=w[text + "encoder.layers.0.mlp.fc1.weight"].shape[0], vocab=w[text + "embeddings.token_embedding.weight"].shape[0])
    model = Sam3Detector(c).eval()
    model.load_state_dict(w)
    return model, config


def tokens(bpe: Tokenizer, phrases: list[str], context: int) -> torch.Tensor:
    """ids [P,context], zero padded."""
    rows = [[BOS, *bpe.encode(p)[: context - 2], EOS] for p in phrases]
    return torch.tensor([r + [0] * (context - len(r)) for r in rows])


def preprocess(image: Image.Image, size: int) -> torch.Tensor:
    """[1,3,S,S] in -1..1, squashed with antialiased bilinear filtering."""
    x = np.asarray(image.convert("RGB").resize((size, size), Image.BILINEAR), np.float32) / 255
    return torch.from_numpy((x - 0.5) / 0.5).permute(2, 0, 1)[None]


def decode(lengths: list[int], width: int, height: int) -> np.ndarray:
    """The bool mask [height,width] of an RLE."""
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(height, width)


@torch.no_grad()
def find(model: Sam3Detector, image: Image.Image, ids: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scores [P,Q] and bool masks [P,Q,G*G]."""
    return detect(model, model.vision_encoder(preprocess(image, model.c.image)), 0, model.text(ids), ids != 0)


def sheet(image: Image.Image, found: list[tuple[str, float, np.ndarray]], grid: int) -> Image.Image:
    """The picture with every found mask tinted."""
    base = image.convert("RGB")
    colours = [(255, 64, 64), (64, 160, 255), (80, 220, 100), (255, 200, 0), (220, 80, 255), (0, 220, 220)]
    for i, (_, _, mask) in enumerate(found):
        m = Image.fromarray(mask.reshape(grid, grid).astype(np.uint8) * 150).resize(base.size, Image.BILINEAR)
        base.paste(Image.new("RGB", base.size, colours[i % len(colours)]), (0, 0), m)
    return base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--heldout", type=Path)
    parser.add_argument("--show", type=Path)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.5])
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, config = load(args.model)
    bpe = Tokenizer(args.merges)
    grid = 4 * model.c.grid
    print(f"{args.model.stat().st_size} bytes, {json.dumps(config)}")
    if args.heldout:
        ids = tokens(bpe, WORDS, config["context"])
        found = []
        for picture in json.loads((args.heldout / "index.json").read_text())["pictures"]:
            scores, masks = find(model, Image.open(args.heldout / picture["file"]), ids)
            truth: dict[int, list[np.ndarray]] = {}
            for thing in picture["instances"]:
                mask = decode(thing["rle"], picture["width"], picture["height"])
                truth.setdefault(WORDS.index(thing["concept"]), []).append(mask_at(mask, grid, grid).reshape(-1))
            found.append({"scores": scores, "masks": masks, "truth": {c: np.stack(m) for c, m in truth.items()}, "unclear": {WORDS.index(c) for c in picture["tooSmall"]}})
        for threshold in args.thresholds:
            figures = measure(found, WORDS, threshold)
            print(f"threshold {threshold}: mean IoU {figures['mean']:.3f}, detections on absent concepts in {figures['false_rate_absent']:.3f} of the cases, "
                  f"surplus share of detections {figures['extra_per_kept']:.3f}")
            for word, value in figures["per_concept"].items():
                print(f"  {word:8s} IoU {value:.3f}   found (IoU > 0.5) {figures['found_at_half'][word]:.2f}   instances {figures['instances'][word]}")
    if args.show:
        for sample in json.loads((args.show / "index.json").read_text()):
            image = Image.open(args.show / sample["file"])
            ids = tokens(bpe, sample["concepts"], config["context"])
            scores, masks = find(model, image, ids)
            for i, concept in enumerate(sample["concepts"]):
                kept = [(concept, float(s), m) for s, m in zip(scores[i], masks[i]) if s > args.thresholds[0]]
                print(f"{sample['file']:16s} {concept:8s} {[round(s, 2) for _, s, _ in kept]} areas {[int(m.sum()) for _, _, m in kept]}, best of all {scores[i].max():.2f}")
                if args.sheets:
                    args.sheets.mkdir(parents=True, exist_ok=True)
                    sheet(image, kept, grid).save(args.sheets / f"{Path(sample['file']).stem}-{concept}.png")


if __name__ == "__main__":
    main()
