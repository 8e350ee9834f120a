"""Write the demo pack's F16 files with the names of the real ones.

    python export.py --work <folder with autoencoder.pt, denoiser.pt> --out models/demo
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from demo_model import load
from networks import config_json

VOCABULARY = 49408
EMBEDDINGS = ("text_l.embeddings.token_embedding.weight", "text_g.token_embedding.weight")
PREFIXES = {"unet.": "model.diffusion_model.", "text_l.": "conditioner.embedders.0.transformer.text_model.",
            "text_g.": "conditioner.embedders.1.model."}


def full_table(rows: Tensor, vocab: list[int]) -> Tensor:
    """Compact embedding [V+1, C] -> [49408, C] with zeros for untrained tokens."""
    table = torch.zeros(VOCABULARY, rows.shape[1])
    table[torch.tensor(vocab)] = rows[1:]
    return table


def rename(state: dict[str, Tensor], prefix: str, new: str) -> dict[str, Tensor]:
    return {new + k[len(prefix):]: v for k, v in state.items() if k.startswith(prefix)}


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Save as F16 next to `path`, then rename, so readers never see half a file."""
    half = {k: v.to(torch.float16).contiguous() for k, v in sorted(tensors.items())}
    bad = [k for k, v in half.items() if not torch.isfinite(v).all()]
    if bad:
        raise SystemExit(f"not finite in F16: {bad}")
    temporary = path.with_suffix(".tmp")
    save_file(half, temporary, metadata=metadata)
    temporary.chmod(0o644)
    temporary.rename(path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {len(half)} tensors")


def export_autoencoder(work: Path, out: Path) -> None:
    weights = torch.load(work / "autoencoder.pt")
    config = {"latent_channels": 16, "latent_scale": 1.0, "width": 16}
    write(out / "autoencoder.safetensors", weights,
          {"modelspec.title": "Luna demo autoencoder", "luna.config": json.dumps(config)})


def export_denoiser(work: Path, out: Path) -> None:
    model = load(work / "denoiser.pt")
    state = dict(model.state_dict())
    for name in EMBEDDINGS:
        state[name] = full_table(state[name], model.vocab)
    checkpoint = {k: v for old, new in PREFIXES.items() for k, v in rename(state, old, new).items()}
    config = config_json(model.unet_cfg, model.cfg_l, model.cfg_g)
    for tower in ("clip_l", "clip_g"):
        config[tower]["vocab"] = VOCABULARY
    write(out / "checkpoint.safetensors", checkpoint,
          {"modelspec.title": "Luna demo", "modelspec.architecture": "stable-diffusion-xl-v1-base", "luna.config": json.dumps(config)})
    write(out / "vision.safetensors", rename(state, "vision.", ""),
          {"modelspec.title": "Luna demo vision",
           "luna.config": json.dumps({"heads": 1, "image": 224, "patch": 14, "width": 64})})
    adapter = rename(state, "resampler.", "image_proj.") | rename(state, "image_kv.", "ip_adapter.")
    write(out / "ip-adapter.safetensors", adapter,
          {"modelspec.title": "Luna demo IP-Adapter plus", "luna.config": json.dumps({"heads": 1, "dim_head": 64})})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    export_autoencoder(args.work, args.out)
    if (args.work / "denoiser.pt").exists():
        export_denoiser(args.work, args.out)


if __name__ == "__main__":
    main()
