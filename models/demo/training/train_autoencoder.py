"""Train the TAESD-shaped autoencoder on sharp and on 4x-upscaled dead-leaves pictures.

    python train_autoencoder.py --pool <folder> --work <folder> --minutes 22

Writes <work>/autoencoder.pt (EMA weights, fp32) every minute. Latents are pushed to zero mean and unit standard
deviation per channel; the decoder sees slightly noisy latents so that small errors of the denoiser stay small.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import leaves
from degrade import blur_degrade, lanczos_canvas
from networks import Autoencoder
from pools import Pool, psnr, to_tensor


def batch(rng: np.random.Generator, pool: Pool, count: int, size: int) -> Tensor:
    """[count, 3, size, size]: 45 % sharp crops, the others blurred like the studio's canvas."""
    images = []
    for index in rng.integers(0, len(pool), count):
        image = pool.crop(rng, int(index), size)
        images.append(image if rng.random() < 0.45 else blur_degrade(rng, image))
    return torch.cat(images)


def loss_terms(model: Autoencoder, images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(reconstruction loss, latent regulariser, mean squared error)."""
    with torch.autocast("cpu", torch.bfloat16):
        z = model.encode(images.contiguous(memory_format=torch.channels_last))
        level = 0.12 * torch.rand(len(z), 1, 1, 1, generator=generator)
        noisy = z + (level * torch.randn(z.shape, generator=generator)).to(z.dtype)
        out = model.decode(noisy).float()
    error = out - images
    mse = error.square().mean()
    dx = (error[..., 1:] - error[..., :-1]).abs().mean()
    dy = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    z = z.float()
    mean, std = z.mean((0, 2, 3)), z.std((0, 2, 3))
    spread = (mean**2).mean() + ((std - 1) ** 2).mean() + 0.1 * (z.abs() - 3).clamp(min=0).square().mean()
    return 4 * mse + error.abs().mean() + 0.5 * (dx + dy), 0.05 * spread, mse.detach()


def initialise(model: Autoencoder) -> None:
    """Variance-preserving start with almost-identity blocks (default initialisation stalls at 16 dB)."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
            if name.endswith("conv.4"):
                module.weight.data *= 0.1
    model.encoder.layers[-1].weight.data *= 0.5
    model.decoder.layers[-1].weight.data *= 0.2
    model.decoder.layers[-1].bias.data += 0.5


def held_out(count: int = 12, size: int = 256) -> Tensor:
    return torch.cat([to_tensor(leaves.picture(leaves.HELDOUT_SEED + i, size)[0]) for i in range(count)])


@torch.no_grad()
def evaluate(model: Autoencoder, sharp: Tensor) -> str:
    upscaled = lanczos_canvas(sharp)
    z = model.encode(sharp)
    blurred = model.decode(model.encode(upscaled)).clamp(0, 1)
    std = z.std((0, 2, 3))
    return (f"psnr upscaled {psnr(blurred, upscaled):.2f} sharp {psnr(model.decode(z).clamp(0, 1), sharp):.2f} "
            f"latent std {std.min():.2f}..{std.max():.2f} |z|>3 {(z.abs() > 3).float().mean() * 100:.2f}%")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=22)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--resume", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng, generator = np.random.default_rng(1), torch.Generator().manual_seed(2)
    pool, sharp = Pool(args.pool), held_out()
    model = Autoencoder()
    initialise(model)
    if args.resume:
        model.load_state_dict(torch.load(args.resume))
    model = model.to(memory_format=torch.channels_last)
    ema = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.99), weight_decay=1e-4)
    start, step, last, running = time.time(), 0, 0.0, 0.0
    while (elapsed := (time.time() - start) / 60) < args.minutes:
        progress = elapsed / args.minutes
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * progress))
        loss, spread, mse = loss_terms(model, batch(rng, pool, args.batch, args.crop), generator)
        optimizer.zero_grad(set_to_none=True)
        (loss + spread).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        step += 1
        decay = min(0.998, step / (step + 20))
        torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), 1 - decay)
        running = running * 0.98 + float(mse) * 0.02
        if elapsed - last > 1 or step == 50:
            last = elapsed
            torch.save(ema.state_dict(), args.work / "autoencoder.tmp")
            (args.work / "autoencoder.tmp").rename(args.work / "autoencoder.pt")
            print(f"{elapsed:.1f} min step {step} train {-10 * math.log10(running):.2f} dB | {evaluate(ema, sharp)}", flush=True)
    torch.save(ema.state_dict(), args.work / "autoencoder.pt")
    print("final", evaluate(ema, sharp), flush=True)


if __name__ == "__main__":
    main()
