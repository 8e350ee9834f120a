"""Train UNet, text towers, vision tower and IP-Adapter together as a few-step img2img refiner.

    python train_denoiser.py --pool <folder> --work <folder> --merges <bpe_simple_vocab_16e6.js> --minutes 60

The autoencoder (<work>/autoencoder.pt) is frozen. Every example is a sharp picture and a degraded one:
x = lerp(z_degraded, z_sharp, t) + sigma * noise, target z_sharp, where t follows the sampler's own path
(t = 0 at the first noise level, about 1 - sigma / sigma0 later). Wrong colours are part of the degradation only
where the caption or the anchor picture says what the right ones are, and the more so the higher sigma0: so the
denoise strength also decides how much colour may change, and an empty prompt keeps the colours.

Writes <work>/denoiser.pt (EMA weights) every few minutes.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import leaves
from bpe import Tokenizer
from degrade import blur_degrade, recolor, resize
from demo_model import DemoModel, load, normalise_pixels, vocabulary
from fast_norm import speed_up
from networks import Autoencoder
from pools import Pool, to_tensor
from sampling import SIGMA_MAX, SIGMA_MIN

UNKNOWN_WORDS = ("blurry", "zebra", "quartz", "1990", "cinematic", "studio", "lamp")


class LatentPool:
    """Ring buffer of encoded examples: sharp, blurred and blurred + recoloured latents, and the anchor's pixels."""

    def __init__(self, pool: Pool, autoencoder: Autoencoder, capacity: int, picture_size: int, latent: int, seed: int):
        self.pool, self.autoencoder = pool, autoencoder
        self.rng = np.random.default_rng(seed)
        self.size, self.filled, self.next = picture_size, 0, 0
        self.latents = torch.empty(capacity, 3, latent, picture_size // 8, picture_size // 8, dtype=torch.bfloat16)
        self.pixels = torch.empty(capacity, 3, 224, 224, dtype=torch.uint8)
        self.labels: list[dict] = [{}] * capacity

    @torch.no_grad()
    def refresh(self, count: int) -> None:
        """Encode `count` new examples over the oldest ones."""
        images, slots = [], []
        for _ in range(count):
            index = int(self.rng.integers(len(self.pool)))
            sharp = self.pool.crop(self.rng, index, self.size)
            blurred = blur_degrade(self.rng, sharp)
            images += [sharp, blurred, recolor(self.rng, blurred, 1.0)]
            slot = self.next
            self.next = (self.next + 1) % len(self.labels)
            self.filled = max(self.filled, slot + 1)
            self.labels[slot] = self.pool.labels[index]
            self.pixels[slot] = (self._anchor(index, sharp)[0] * 255).round().byte()
            slots.append(slot)
        with torch.autocast("cpu", torch.bfloat16):
            z = self.autoencoder.encode(torch.cat(images).contiguous(memory_format=torch.channels_last))
        self.latents[slots] = z.reshape(count, 3, *z.shape[1:]).to(torch.bfloat16)

    def _anchor(self, index: int, sharp: Tensor) -> Tensor:
        """Picture for the image tokens: this one or its palette twin, sometimes blurred, [1,3,224,224] in 0..1."""
        image = sharp if self.rng.random() < 0.5 else to_tensor(self.pool.array(index ^ 1))
        if self.rng.random() < 0.35:
            image = resize(image, image.shape[-1] // 4, "box")
        return resize(image, 224, "bicubic").clamp(0, 1)


def log_uniform(rng: np.random.Generator, low: float, high: float, count: int) -> np.ndarray:
    return np.exp(rng.uniform(math.log(low), math.log(high), count))


def draw_levels(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sigma0, sigma, t) of `count` examples, see the module text."""
    kind = rng.random(count)
    sigma0 = np.where(kind < 0.88, log_uniform(rng, 0.07, 3, count),
                      np.where(kind < 0.94, log_uniform(rng, 3, SIGMA_MAX, count), log_uniform(rng, 0.03, 0.07, count)))
    sigma = np.where(rng.random(count) < 0.45, sigma0, np.exp(rng.uniform(math.log(SIGMA_MIN), np.log(sigma0))))
    t = np.clip(1 - sigma / sigma0 * rng.uniform(0.7, 1.3, count), 0, 1)
    t = np.where(sigma == sigma0, 0, t)
    return sigma0, sigma, np.where(rng.random(count) < 0.08, 1, t)


def color_freedom(sigma0: np.ndarray) -> np.ndarray:
    """How strong a colour error the caption/anchor may undo: 0 at sigma0 <= 0.08, 1 at sigma0 >= 0.6."""
    x = np.clip(np.log(sigma0 / 0.08) / math.log(7.5), 0, 1)
    return x * x * (3 - 2 * x)


def make_batch(rng: np.random.Generator, data: LatentPool, count: int, size: int, colors_only: bool = False,
               anchors_only: bool = False, polish: bool = False) -> dict:
    """Latents (x without noise, target), captions, anchors and noise levels of `count` examples.

    `pixels` holds the all-zero picture (no anchor) and the anchors, `picture_of` [count] the row of each example.
    """
    slots = rng.integers(0, data.filled, count)
    sigma0, sigma, t = draw_levels(rng, count)
    mode = rng.random(count)
    if polish:
        sigma0 = log_uniform(rng, 0.05, 0.22, count)
        sigma = np.where(rng.random(count) < 0.6, sigma0, np.exp(rng.uniform(math.log(SIGMA_MIN), np.log(sigma0))))
        t = np.clip(1 - sigma / sigma0, 0, 1)
    if colors_only:
        mode = np.where(rng.random(count) < (0.85 if anchors_only else 0.5), rng.uniform(0.66, 0.83, count), mode)
        sigma0 = log_uniform(rng, 0.3, 3, count)
        sigma, t = sigma0, np.zeros(count)
    has_text, has_anchor = mode < 0.66, (mode > 0.4) & (mode < 0.83)
    wrong_color = (mode < 0.83) & (rng.random(count) < 0.75)
    strength = np.where(wrong_color | (colors_only & (mode < 0.83)), rng.uniform(0.3, 1, count) * color_freedom(sigma0), 0)
    starts, targets, captions = [], [], []
    for i, slot in enumerate(slots):
        y, x = rng.integers(0, data.latents.shape[-1] - size + 1, 2)
        sharp, blurred, recolored = data.latents[slot, :, :, y:y + size, x:x + size].float()
        start = blurred + (recolored - blurred) * float(strength[i])
        starts.append(start + (sharp - start) * float(t[i]))
        targets.append(sharp)
        captions.append(make_caption(rng, data.labels[slot], bool(has_text[i])))
    use_adapter = has_anchor | (rng.random(count) < 0.35)
    anchors = normalise_pixels(data.pixels[slots[has_anchor]].float() / 255)
    pixels = torch.cat([torch.zeros(1, 3, 224, 224), anchors])
    picture_of = torch.from_numpy(np.where(has_anchor, has_anchor.cumsum(), 0))
    scale = torch.from_numpy(rng.uniform(0.3, 1.0, count) * use_adapter).float()[:, None, None]
    return {"start": torch.stack(starts), "target": torch.stack(targets), "sigma": torch.from_numpy(sigma).float(),
            "captions": captions, "pixels": pixels, "picture_of": picture_of, "scale": scale, "floor": 0.1 if colors_only else 0.015, "size_ids": random_sizes(rng, count)}


def make_caption(rng: np.random.Generator, label: dict, with_text: bool) -> str:
    """Caption with palette words, or (without text) empty or colourless; unknown words are mixed in."""
    if not with_text and rng.random() < 0.6:
        return ""
    text = leaves.caption(rng, label, with_color=with_text)
    if rng.random() < 0.2:
        text = f"{rng.choice(UNKNOWN_WORDS)} {text}" if rng.random() < 0.5 else f"{text}, {rng.choice(UNKNOWN_WORDS)}"
    return text


def random_sizes(rng: np.random.Generator, count: int) -> Tensor:
    """Size conditioning [count, 6]: original = target = 256..1536 px, crop 0."""
    height = rng.integers(4, 25, count) * 64.0
    width = np.where(rng.random(count) < 0.7, height, rng.integers(4, 25, count) * 64.0)
    zero = np.zeros(count)
    return torch.from_numpy(np.stack([height, width, zero, zero, height, width], 1)).float()


def loss_of(model: DemoModel, tokenizer: Tokenizer, batch: dict, noise: Tensor) -> tuple[Tensor, Tensor, float]:
    """(weighted loss, squared error per example, colour error left). The mean error of a picture counts extra."""
    sigma = batch["sigma"]
    x = (batch["start"] + sigma[:, None, None, None] * noise).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        context, pooled = model.encode_text(tokenizer, batch["captions"])
        tokens = model.image_tokens(batch["pixels"])[batch["picture_of"]]
        denoised = model.denoise(x, sigma, context, pooled, batch["size_ids"], tokens, batch["scale"])
    difference = denoised - batch["target"]
    error = difference.square().mean((1, 2, 3))
    tint = difference.mean((2, 3)).square().mean(1)
    loss = error / (sigma**2 + batch["floor"]) + 4 * tint / (sigma**2 + 0.1)
    return loss.mean(), error.detach(), color_left(batch, difference)


def color_left(batch: dict, difference: Tensor) -> float:
    """Remaining / initial squared mean latent error of the examples with wrong colours (nan if there are none)."""
    wrong = (batch["start"] - batch["target"]).mean((2, 3)).square().sum(1)
    rows = wrong > 0.2
    return float(difference.detach().mean((2, 3)).square().sum(1)[rows].sum() / wrong[rows].sum())


def train(args, model: DemoModel, tokenizer: Tokenizer, data: list[LatentPool]) -> None:
    """The loop; the learning rate follows the wall clock."""
    ema = copy.deepcopy(model).requires_grad_(False)
    if args.adapter_only:
        for module in (model.unet, model.text_l, model.text_g):
            module.requires_grad_(False)
    if args.polish:
        for module in (model.vision, model.resampler, model.image_kv, model.text_l, model.text_g):
            module.requires_grad_(False)
    trained = [p for p in model.parameters() if p.requires_grad]
    averaged = [e for e, p in zip(ema.parameters(), model.parameters()) if p.requires_grad]
    unet = {id(p) for p in model.unet.parameters()}
    groups = [{"params": [p for p in trained if id(p) in unet], "factor": 1.0},
              {"params": [p for p in trained if id(p) not in unet], "factor": 1.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.99), weight_decay=1e-3)
    rng, generator = np.random.default_rng(args.seed), torch.Generator().manual_seed(args.seed)
    start, step, last, running, colors = time.time(), 0, 0.0, np.full(4, np.nan), 1.0
    while (elapsed := (time.time() - start) / 60) < args.minutes:
        progress = elapsed / args.minutes
        for group in optimizer.param_groups:
            group["lr"] = group["factor"] * args.lr * min(1, (step + 1) / 100) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        colors_only = args.adapter_only or step < args.color_steps or step % 2 == 1 or (progress < 0.3 and step % 3 == 0)
        colors_only = colors_only and (not args.polish or step % 6 == 5)
        source = data[1] if len(data) > 1 and not colors_only and step % 12 == 10 else data[0]
        size, count = (16, 3 * args.batch) if colors_only else (64, 2) if source is not data[0] else (32, args.batch)
        if step % 16 == 0:
            data[0].refresh(6)
        if len(data) > 1 and step % 120 == 10:
            data[1].refresh(3)
        batch = make_batch(rng, source, count, size, colors_only, args.adapter_only,
                           args.polish and not colors_only)
        loss, error, left = loss_of(model, tokenizer, batch, torch.randn(batch["target"].shape, generator=generator))
        step += 1
        if not torch.isfinite(loss):
            continue
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        torch._foreach_lerp_(averaged, trained, 1 - min(args.ema, step / (step + 20)))
        colors = colors if np.isnan(left) else colors * 0.97 + left * 0.03
        running = running if colors_only else track(running, batch["sigma"], error)
        if elapsed - last > args.save_minutes:
            last = elapsed
            save(ema, args.work)
            print(f"{elapsed:.1f} min step {step} rmse sigma<.1 {running[0]:.3f} <.4 {running[1]:.3f} <1.2 {running[2]:.3f} "
                  f"more {running[3]:.3f} colour left {colors:.2f}", flush=True)
    save(ema, args.work)


def track(running: np.ndarray, sigma: Tensor, error: Tensor) -> np.ndarray:
    """Running root mean squared error in four ranges of sigma."""
    for s, e in zip(sigma.tolist(), error.tolist()):
        i = int(np.searchsorted([0.1, 0.4, 1.2], s))
        running[i] = math.sqrt(e) if np.isnan(running[i]) else running[i] * 0.995 + math.sqrt(e) * 0.005
    return running


def save(model: DemoModel, work: Path) -> None:
    torch.save({"vocab": model.vocab, "state": model.state_dict()}, work / "denoiser.tmp")
    (work / "denoiser.tmp").rename(work / "denoiser.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--pattern", default="pool*.npy")
    parser.add_argument("--large-pattern", default="", help="pool of 512 px pictures; trains some 64x64 latents")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--save-minutes", type=float, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--capacity", type=int, default=2500)
    parser.add_argument("--fill", type=int, default=300)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--color-steps", type=int, default=0, help="first steps that train wrong colours only")
    parser.add_argument("--boost-anchor", type=float, default=0, help="amplify the deep path once, by this factor")
    parser.add_argument("--adapter-only", action="store_true", help="train vision, Resampler and to_k/v_ip only")
    parser.add_argument("--image-gain", type=float, default=1, help="multiply to_v_ip once")
    parser.add_argument("--polish", action="store_true", help="train the UNet at the default strength's noise levels")
    parser.add_argument("--restart-conditioning", action="store_true", help="keep the UNet's convolutions only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    autoencoder = Autoencoder()
    autoencoder.load_state_dict(torch.load(args.work / "autoencoder.pt"))
    autoencoder = autoencoder.requires_grad_(False).to(memory_format=torch.channels_last)
    tokenizer = Tokenizer(args.merges)
    model = load(args.resume) if args.resume else DemoModel(vocabulary(tokenizer))
    if args.boost_anchor:
        model.boost_anchor(args.boost_anchor)
    for pair in model.image_kv.children():
        pair["to_v_ip"].weight.data *= args.image_gain
    if args.restart_conditioning:
        model.start_conditioning()
    speed_up(model.unet)
    model.unet.to(memory_format=torch.channels_last)
    data = [LatentPool(Pool(args.pool, args.pattern), autoencoder, args.capacity, 320, 16, args.seed)]
    if args.large_pattern:
        data.append(LatentPool(Pool(args.pool, args.large_pattern), autoencoder, 300, 512, 16, args.seed + 1))
    for pool in data:
        for _ in range((args.fill if pool is data[0] else 60) // 6):
            pool.refresh(6)
    print("pool ready", flush=True)
    train(args, model, tokenizer, data)


if __name__ == "__main__":
    main()
