"""Measure the exported demo pack the way the product uses it; definitions are in README.md.

    python evaluate.py --pack models/demo --merges <bpe file> --heldout tests/fixtures/heldout-leaves
        [--defaults models/demo/defaults.json] [--sheet sheet.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor

import leaves
from bpe import Tokenizer
from degrade import lanczos_canvas, resize
from demo_model import DemoModel, normalise_pixels
from export import EMBEDDINGS, PREFIXES
from networks import Autoencoder
from pools import psnr, to_tensor
from sampling import SAMPLERS, truncated_karras

COLOR_TESTS = ("red", "green", "blue", "yellow", "purple", "orange", "pink", "teal")
OPPOSITE = {"red": "teal", "teal": "red", "green": "purple", "purple": "green", "blue": "orange", "orange": "blue",
            "yellow": "blue", "pink": "green"}


class Pack:
    """The exported files, in fp32, with one refine function."""

    def __init__(self, folder: Path, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.autoencoder = Autoencoder()
        self.autoencoder.load_state_dict(_read(folder / "autoencoder.safetensors"))
        checkpoint = _read(folder / "checkpoint.safetensors")
        state = {own + k[len(real):]: v for own, real in PREFIXES.items() for k, v in checkpoint.items() if k.startswith(real)}
        vocab = _trained_rows(state[EMBEDDINGS[1]])
        for name in EMBEDDINGS:
            table = state[name]
            state[name] = torch.cat([torch.zeros(1, table.shape[1]), table[torch.tensor(vocab)]])
        state |= {f"vision.{k}": v for k, v in _read(folder / "vision.safetensors").items()}
        for key, value in _read(folder / "ip-adapter.safetensors").items():
            state[key.replace("image_proj.", "resampler.").replace("ip_adapter.", "image_kv.")] = value
        self.model = DemoModel(vocab)
        self.model.load_state_dict(state)

    @torch.no_grad()
    def refine(self, canvas: Tensor, settings: dict, prompt: str = "", anchor: Tensor | None = None, seed: int = 0,
               ip_scale: float = 0.5, paste: bool = True) -> Tensor:
        """img2img of [1,3,S,S] in 0..1 and residual paste: canvas + decode(refined) - decode(encode(canvas)).

        `anchor` [1,3,H,W] in 0..1 adds the IP-Adapter (negative tokens: all-zero pixel_values).
        """
        size = canvas.shape[-1]
        latent = self.autoencoder.encode(canvas)
        sigmas = truncated_karras(settings["steps"], settings["denoise"])
        noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(seed))
        context, pooled = self.model.encode_text(self.tokenizer, [prompt, ""])
        size_ids = torch.tensor([[size, size, 0, 0, size, size]] * 2).float()
        tokens = None
        if anchor is not None:
            pixels = normalise_pixels(resize(anchor, 224, "bicubic").clamp(0, 1))
            tokens = self.model.image_tokens(torch.cat([pixels, torch.zeros_like(pixels)]))
        cfg = settings["cfg"]

        def denoise(x: Tensor, sigma: float) -> Tensor:
            n = 1 if cfg == 1 else 2
            out = self.model.denoise(x.expand(n, -1, -1, -1), torch.full((n,), sigma), context[:n], pooled[:n], size_ids[:n],
                                     None if tokens is None else tokens[:n], ip_scale)
            return out if n == 1 else out[1:] + cfg * (out[:1] - out[1:])

        refined = SAMPLERS[settings["sampler"]](denoise, latent + sigmas[0] * noise, sigmas)
        if not paste:
            return self.autoencoder.decode(refined).clamp(0, 1)
        return (canvas + self.autoencoder.decode(refined) - self.autoencoder.decode(latent)).clamp(0, 1)


def _read(path: Path) -> dict[str, Tensor]:
    with safe_open(path, "pt") as file:
        return {k: file.get_tensor(k).float() for k in file.keys()}


def _trained_rows(table: Tensor) -> list[int]:
    return [int(i) for i in table.abs().sum(1).nonzero()[:, 0]]


def luma(image: Tensor) -> Tensor:
    """[1,3,H,W] -> [H,W]."""
    return (image[0] * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)


def gradient(image: Tensor) -> Tensor:
    """Central-difference gradient magnitude of the luma, [H-2, W-2]."""
    y = luma(image)
    return torch.hypot((y[1:-1, 2:] - y[1:-1, :-2]) / 2, (y[2:, 1:-1] - y[:-2, 1:-1]) / 2)


def edge_ratio(refined: Tensor, plain: Tensor, sharp: Tensor) -> float:
    """Mean gradient on the true edge pixels (the strongest 5 % of the sharp picture), refined / plain."""
    true = gradient(sharp)
    edges = true >= torch.quantile(true.flatten(), 0.95)
    return float(gradient(refined)[edges].mean() / gradient(plain)[edges].mean())


def toward(change: Tensor, color: str, other: Tensor | None = None) -> float:
    """How far a change of mean colour [3] points at a named colour (from mean grey, without its brightness)."""
    direction = torch.tensor(leaves.COLORS[color]).float() / 255
    direction = direction - direction.mean()
    return float((change - change.mean()) @ direction / direction.norm())


def mean_color(image: Tensor) -> Tensor:
    return image.mean((0, 2, 3))


def held_out(folder: Path) -> list[tuple[Tensor, str]]:
    """Sharp pictures that were never trained on and their captions (heldout.py writes the folder)."""
    index = json.loads((folder / "index.json").read_text())
    return [(to_tensor(np.array(Image.open(folder / entry["file"]))), entry["caption"]) for entry in index]


def measure_autoencoder(pack: Pack, pictures) -> dict:
    """(a) reconstruction of 4x-upscaled and of sharp pictures."""
    values = {"upscaled": [], "sharp": []}
    with torch.no_grad():
        for sharp, _ in pictures:
            for name, image in (("upscaled", lanczos_canvas(sharp)), ("sharp", sharp)):
                values[name].append(psnr(pack.autoencoder.decode(pack.autoencoder.encode(image)).clamp(0, 1), image))
    return {k: float(np.mean(v)) for k, v in values.items()}


def measure_refine(pack: Pack, pictures, settings: dict, prompt_of) -> dict:
    """(b) PSNR against the sharp picture and sharpness of its edges."""
    rows = []
    for i, (sharp, caption) in enumerate(pictures):
        canvas = lanczos_canvas(sharp)
        refined = pack.refine(canvas, settings, prompt_of(caption), seed=i)
        rows.append((psnr(canvas, sharp), psnr(refined, sharp), edge_ratio(refined, canvas, sharp)))
    plain, refined, ratio = np.mean(rows, 0)
    return {"psnr_lanczos": plain, "psnr_refined": refined, "edge_ratio": ratio}


def measure_prompt(pack: Pack, pictures, settings: dict) -> dict:
    """(c) share of (picture, colour) pairs whose mean colour moves towards the prompt's colour."""
    against_empty, against_opposite, moved = [], [], []
    for i, (sharp, _) in enumerate(pictures):
        canvas = lanczos_canvas(sharp)
        empty = mean_color(pack.refine(canvas, settings, "", seed=i))
        for color in (COLOR_TESTS[i % 8], COLOR_TESTS[(i + 3) % 8]):
            named = mean_color(pack.refine(canvas, settings, color, seed=i))
            opposite = mean_color(pack.refine(canvas, settings, OPPOSITE[color], seed=i))
            against_empty.append(toward(named - empty, color) > 0)
            against_opposite.append(toward(named - opposite, color) > 0)
            moved.append(toward(named - empty, color))
    return {"vs_empty": np.mean(against_empty), "vs_opposite": np.mean(against_opposite), "mean_shift": np.mean(moved)}


def measure_anchor(pack: Pack, pictures, settings: dict, ip_scale: float) -> dict:
    """(d) the same for an anchor picture of one palette against one of another."""
    wins, moved = [], []
    for i, (sharp, _) in enumerate(pictures):
        canvas = lanczos_canvas(sharp)
        color = COLOR_TESTS[i % 8]
        results = [mean_color(pack.refine(canvas, settings, "", anchor_picture(c, i), seed=i, ip_scale=ip_scale))
                   for c in (color, OPPOSITE[color])]
        change = toward(results[0] - results[1], color)
        wins.append(change > 0)
        moved.append(change)
    return {"vs_opposite": np.mean(wins), "mean_shift": np.mean(moved)}


def anchor_picture(color: str, seed: int) -> Tensor:
    """A held-out leaves picture in one colour."""
    palette = {"names": [color], "group": "", "tone": "", "texture": "mixed"}
    return to_tensor(leaves.render(np.random.default_rng([leaves.HELDOUT_SEED + seed, 5]), palette, 256))


def contact_sheet(pack: Pack, pictures, settings: dict, strong: dict, path: Path) -> None:
    """Rows: sharp | canvas | refined | strong "red" | strong with a blue anchor."""
    rows = []
    for i, (sharp, _) in enumerate(pictures):
        canvas = lanczos_canvas(sharp)
        cells = [sharp, canvas, pack.refine(canvas, settings, "detailed, sharp", seed=i), pack.refine(canvas, strong, "red", seed=i),
                 pack.refine(canvas, strong, "", anchor_picture("blue", i), seed=i, ip_scale=1.0)]
        rows.append(torch.cat(cells, 3))
    sheet = (torch.cat(rows, 2)[0].permute(1, 2, 0) * 255).round().byte().numpy()
    Image.fromarray(sheet).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--defaults", type=Path)
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--only", default="abcd")
    args = parser.parse_args()
    torch.set_num_threads(1)
    values = {"steps": 4, "cfg": 1, "sampler": "euler", "detailDenoise": 0.3}
    if args.defaults:
        values |= json.loads(args.defaults.read_text())
    settings = {"steps": values["steps"], "cfg": values["cfg"], "sampler": values["sampler"], "denoise": values["detailDenoise"]}
    strong = {**settings, "denoise": 0.6}
    pack = Pack(args.pack, Tokenizer(args.merges))
    pictures = held_out(args.heldout)[: args.count]
    print("settings", settings, "sigmas", [round(s, 3) for s in truncated_karras(settings["steps"], settings["denoise"])])
    if "a" in args.only:
        print("a autoencoder", _rounded(measure_autoencoder(pack, pictures)))
    if "b" in args.only:
        print("b refine, empty prompt", _rounded(measure_refine(pack, pictures, settings, lambda caption: "")))
        print("b refine, true caption", _rounded(measure_refine(pack, pictures, settings, lambda caption: caption)))
    if "c" in args.only:
        print("c prompt at 0.6", _rounded(measure_prompt(pack, pictures, strong)))
        print("c prompt at default", _rounded(measure_prompt(pack, pictures[:8], settings)))
    if "d" in args.only:
        print("d anchor at 0.6, scale 0.5", _rounded(measure_anchor(pack, pictures, strong, 0.5)))
        print("d anchor at 0.6, scale 1.0", _rounded(measure_anchor(pack, pictures, strong, 1.0)))
    if args.sheet:
        contact_sheet(pack, [p for p in pictures if p[0].shape[-1] == 256][:6], settings, strong, args.sheet)


def _rounded(values: dict) -> dict:
    return {k: round(float(v), 3) for k, v in values.items()}


if __name__ == "__main__":
    main()
