"""Shift an exported demo SAM 3's scores so that the product's default threshold of 0.5 is a good one.

    python calibrate_sam3.py sam3.safetensors --val VAL --merges bpe_simple_vocab_16e6.js --out sam3.safetensors

Scores are sigmoid(logit) * sigmoid(presence). Two numbers are chosen on validation drawings: b, added to the presence head's
last bias, and a, added to every logit. A logit is a dot product with the pooled prompt, so a is put into `query_proj.bias`
as the shortest vector whose product with every known phrase's pooled prompt is a. Detections do not change, only their scores.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from bpe import Tokenizer
from figures import VOCABULARY
from measure_sam3 import load, tokens
from sam3_measure import measure
from train_sam3 import WORDS, Pool


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--surplus-cost", type=float, default=0.15, help="mean IoU that a surplus share of 1 is worth")
    parser.add_argument("--false-cost", type=float, default=0.5, help="mean IoU that a false rate of 1 is worth")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, config = load(args.model)
    bpe = Tokenizer(args.merges)
    pool = Pool(args.val, 4 * model.c.grid)
    ids = tokens(bpe, WORDS, config["context"])
    text = model.text(ids)
    seen = []
    for i in range(args.pictures):
        levels = model.vision_encoder(torch.from_numpy(pool.images[i].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None])
        out = model.ground(levels, torch.zeros(len(ids), dtype=torch.long), text, ids != 0)
        queries, _, presence, _ = out["layers"][-1]
        masks = model.mask_decoder.masks(out["pixels"], queries).flatten(2) > 0
        present, absent = pool.state(i)
        seen.append({"logits": out["logits"][-1].numpy(), "presence": presence.numpy()[:, None], "masks": masks.numpy(),
                     "truth": {c: pool.concept(i, c)[1].reshape(-1, pool.grid ** 2) for c in present},
                     "unclear": set(range(len(WORDS))) - set(present) - set(absent)})
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    best = None
    for a in np.arange(-0.5, 1.76, 0.25):
        for b in np.arange(-1.5, 1.51, 0.5):
            found = [s | {"scores": sigmoid(s["logits"] + a) * sigmoid(s["presence"] + b)} for s in seen]
            f = measure(found, WORDS, 0.5)
            value = f["mean"] - args.surplus_cost * f["extra_per_kept"] - args.false_cost * f["false_rate_absent"]
            if best is None or value > best[0]:
                best = (value, float(a), float(b), f)
    _, a, b, f = best
    print(f"logit {a:+.2f}, presence {b:+.2f}: mean IoU {f['mean']:.3f}, false on absent {f['false_rate_absent']:.3f}, surplus {f['extra_per_kept']:.3f}")
    phrases = [p for group in VOCABULARY.values() for p in group]
    scoring = model.dot_product_scoring
    all_ids = tokens(bpe, phrases, config["context"])
    pooled = []
    for i in range(4):  # the CLS token differs a little from picture to picture
        levels = model.vision_encoder(torch.from_numpy(pool.images[i].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None])
        geometry = model.geometry_encoder(levels[2], model.pos).expand(len(phrases), -1, -1)
        prompt = torch.cat([model.text(all_ids), geometry], 1)
        valid = torch.cat([all_ids != 0, torch.ones(len(phrases), 1, dtype=torch.bool)], 1).float()
        t = scoring.text_mlp_out_norm(scoring.text_mlp(prompt) + prompt)
        pooled.append(scoring.text_proj((t * valid[..., None]).sum(1) / valid.sum(1, keepdim=True)))
    matrix = torch.cat(pooled).double()
    wanted = torch.full((len(matrix), 1), a * np.sqrt(model.c.width), dtype=torch.float64)
    identity = torch.eye(matrix.shape[1], dtype=torch.float64)
    shift = torch.linalg.solve(matrix.T @ matrix + 1e-3 * len(matrix) * identity, matrix.T @ wanted)[:, 0]
    error = (matrix @ shift / np.sqrt(model.c.width) - a).abs().max()
    print(f"the shift differs by at most {float(error):.3f} from phrase to phrase")
    with safe_open(args.model, "pt") as file:
        metadata = file.metadata()
        tensors = {k: file.get_tensor(k) for k in file.keys()}
    name = "detector_model.dot_product_scoring.query_proj.bias"
    tensors[name] = (tensors[name].double() + shift).to(torch.float16)
    name = "detector_model.detr_decoder.presence_head.layer3.bias"
    tensors[name] = (tensors[name].double() + b).to(torch.float16)
    part = args.out.with_suffix(".tmp")
    save_file(tensors, part, metadata=metadata | {"luna.calibration": json.dumps({"logit": a, "presence": b})})
    part.chmod(0o644)
    part.replace(args.out)


if __name__ == "__main__":
    main()
