"""Check networks.py against the golden files (tiny random weights with reference outputs, max abs error < 1e-4).

    python check_goldens.py --goldens <folder with unet/ taesd/ clip_l/ ...>
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from networks import (Autoencoder, ImageKeysValues, Resampler, ResamplerConfig, TextConfig, TextTowerG, TextTowerL, Unet,
                      UnetConfig, Vision, VisionConfig)

TOLERANCE = 1e-4
IGNORED = ("position_ids",)


def strip(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Weights below `prefix` as fp32, prefix removed."""
    return {k[len(prefix):]: v.float() for k, v in weights.items()
            if k.startswith(prefix) and not k.endswith(IGNORED)}


def report(name: str, got: Tensor, want: Tensor) -> None:
    """Print the error and stop when it is above the tolerance."""
    error = (got - want).abs().max().item()
    print(f"{name:32s} max abs error {error:.2e}")
    if not error < TOLERANCE:
        raise SystemExit(f"{name}: {error} is above {TOLERANCE}")


def load_unet(root: Path) -> Unet:
    config = json.loads((root / "unet/config.json").read_text())
    unet = Unet(UnetConfig(
        in_channels=config["in_channels"], out_channels=config["out_channels"], model_channels=config["model_channels"],
        channel_mult=tuple(config["channel_mult"]), transformer_depth=tuple(config["transformer_depth_per_level"]),
        transformer_depth_middle=config["transformer_depth_middle"], head_dim=config["head_dim"],
        context_dim=config["context_dim"], adm_in_channels=config["adm_in_channels"],
        time_embed_dim=config["time_embed_dim"], groups=config["group_norm_groups"]))
    unet.load_state_dict(strip(load_file(root / "unet/weights.safetensors"), "model.diffusion_model."))
    return unet.eval()


def check_unet(root: Path, unet: Unet) -> None:
    inputs, outputs = load_file(root / "unet/inputs.safetensors"), load_file(root / "unet/outputs.safetensors")
    for case in ("case0", "case1"):
        args = (inputs[f"{case}.{k}"] for k in ("x", "timesteps", "context", "y"))
        report(f"unet {case}", unet(*args), outputs[f"{case}.eps"])
    probe = dict(unet.state_dict())
    probe.update(strip(load_file(root / "unet/eps_probe_weights.safetensors"), "model.diffusion_model."))
    other = Unet(unet.cfg)
    other.load_state_dict(probe)
    args = (inputs[f"case0.{k}"] for k in ("x", "timesteps", "context", "y"))
    report("unet eps probe", other(*args), load_file(root / "unet/eps_probe_outputs.safetensors")["case0.eps"])


def check_taesd(root: Path) -> None:
    config = json.loads((root / "taesd/config.json").read_text())
    model = Autoencoder(config["width"], config["latent_channels"])
    encoder = {f"encoder.layers.{k}": v.float() for k, v in load_file(root / "taesd/taesdxl_encoder.safetensors").items()}
    decoder = {}
    for key, value in load_file(root / "taesd/taesdxl_decoder.safetensors").items():
        index, rest = key.split(".", 1)
        decoder[f"decoder.layers.{int(index) - 1}.{rest}"] = value.float()
    model.load_state_dict({**encoder, **decoder})
    inputs, outputs = load_file(root / "taesd/inputs.safetensors"), load_file(root / "taesd/outputs.safetensors")
    report("taesd encode", model.encode(inputs["encode.image01"]), outputs["encode.latent"])
    report("taesd decode", model.decode(inputs["decode.latent"]), outputs["decode.image01_unclamped"])


def check_text(root: Path) -> None:
    config = json.loads((root / "clip_l/config.json").read_text())
    tower_l = TextTowerL(TextConfig(config["hidden_size"], config["num_attention_heads"], config["num_hidden_layers"],
                                    config["intermediate_size"], config["vocab_size"]))
    tower_l.load_state_dict(strip(load_file(root / "clip_l/weights.safetensors"),
                                  "conditioner.embedders.0.transformer.text_model."))
    ids = load_file(root / "clip_l/inputs.safetensors")["input_ids"].long()
    report("clip_l penultimate", tower_l(ids), load_file(root / "clip_l/outputs.safetensors")["penultimate"])
    config = json.loads((root / "clip_g/config.json").read_text())
    tower_g = TextTowerG(TextConfig(config["width"], config["heads"], config["layers"], config["mlp"], config["vocab_size"]))
    tower_g.load_state_dict(strip(load_file(root / "clip_g/weights.safetensors"), "conditioner.embedders.1.model."))
    ids = load_file(root / "clip_g/inputs.safetensors")["input_ids"].long()
    hidden, pooled = tower_g(ids, (ids == config["eos"]).int().argmax(1))
    outputs = load_file(root / "clip_g/outputs.safetensors")
    report("clip_g penultimate", hidden, outputs["penultimate"])
    report("clip_g pooled", pooled, outputs["pooled"])


def check_vision(root: Path) -> None:
    config = json.loads((root / "clip_vision/config.json").read_text())
    model = Vision(VisionConfig(config["hidden_size"], config["num_attention_heads"], config["num_hidden_layers"],
                                config["intermediate_size"], config["patch_size"], config["image_size"],
                                config["projection_dim"]))
    model.load_state_dict(strip(load_file(root / "clip_vision/weights.safetensors"), ""))
    pixels = load_file(root / "clip_vision/inputs.safetensors")["pixel_values"]
    report("clip_vision penultimate", model(pixels), load_file(root / "clip_vision/outputs.safetensors")["penultimate"])


def check_ip_adapter(root: Path, unet: Unet) -> None:
    config = json.loads((root / "ip_adapter/config.json").read_text())
    r = config["resampler"]
    resampler = Resampler(ResamplerConfig(r["dim"], r["depth"], r["dim_head"], r["heads"], r["num_queries"],
                                          r["embedding_dim"], r["output_dim"], r["ff_mult"]))
    weights = load_file(root / "ip_adapter/weights.safetensors")
    resampler.load_state_dict(strip(weights, "image_proj."))
    adapter = ImageKeysValues(unet, r["output_dim"])
    adapter.load_state_dict(strip(weights, "ip_adapter."))
    inputs, outputs = load_file(root / "ip_adapter/inputs.safetensors"), load_file(root / "ip_adapter/outputs.safetensors")
    report("resampler tokens", resampler(inputs["resampler.hidden_states"]), outputs["resampler.tokens"])
    cases = load_file(root / "unet/inputs.safetensors")
    args = [cases[f"case0.{k}"] for k in ("x", "timesteps", "context", "y")]
    for name, scale in (("0.5", 0.5), ("1.0", 1.0)):
        images = adapter(unet, inputs["unet.tokens"], scale)
        report(f"unet with image tokens x{name}", unet(*args, images), outputs[f"unet.eps_scale{name}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goldens", type=Path, required=True)
    root = parser.parse_args().goldens
    torch.set_num_threads(1)
    with torch.no_grad():
        unet = load_unet(root)
        check_unet(root, unet)
        check_taesd(root)
        check_text(root)
        check_vision(root)
        check_ip_adapter(root, unet)
    print("all goldens match")


if __name__ == "__main__":
    main()
