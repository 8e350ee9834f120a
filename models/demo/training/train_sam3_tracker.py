"""Train the demo SAM 3's interactive predictor on drawn figures and add it to the exported detector.

    python train_sam3_tracker.py sam3.safetensors --features FEATURES --val VAL --work WORK --out sam3.safetensors --minutes 33

FEATURES and VAL come from sam3_trunk_features.py: the ViT is frozen, and no tensor of the detector is touched. A row is one
prompt on one picture. A batch simulates a user: a click, a box or a rough mask first, then two correction clicks into what
the answer got wrong, mostly with the answer as mask prompt. The learning rate follows the clock (cosine over --minutes).
"""
from __future__ import annotations

import argparse
import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from measure_sam3 import load
from sam3_click_measure import Clicker, summary
from sam3_measure import MIN_AREA
from sam3_network import Sam3Config
from sam3_tracker_network import BOTTOM_RIGHT, NEGATIVE, POSITIVE, TOP_LEFT, Sam3Tracker

PREFIXES = ("tracker_neck.", "tracker_model.")
SIZES = {"tracker_mlp": 256, "tracker_iou": 64}


# ---------------------------------------------------------------------------------------------------- pictures

class Drawings:
    """ViT maps and the drawn things of many pictures, mirrored together."""

    def __init__(self, folder: Path, grid: int):
        self.grid = grid
        self.maps: list[np.ndarray] = []
        self.things: list[tuple[np.ndarray, np.ndarray, bool]] = []
        for path in sorted(folder.glob("shard-*.npz")):
            with np.load(path) as z:
                maps, flipped, picture, boxes, masks = (z[k] for k in ("features", "flipped", "picture", "boxes", "masks"))
            starts = np.searchsorted(picture, np.arange(len(maps) + 1))
            for i, x in enumerate(maps):
                part = slice(starts[i], starts[i + 1])
                self.maps.append(x)
                self.things.append((masks[part], boxes[part], bool(flipped[i])))
        self.usable = [i for i, (masks, _, _) in enumerate(self.things) if (np.unpackbits(masks, axis=1).sum(1) >= MIN_AREA).any()]

    def picture(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Masks bool [n,G,G] and boxes [n,4] (cx, cy, w, h in 0..1) of everything drawn."""
        masks, boxes, flip = self.things[i]
        g = self.grid
        masks = np.unpackbits(masks, axis=1).reshape(-1, g, g).astype(bool)
        if not flip:
            return masks, boxes
        return masks[:, :, ::-1], boxes * np.array([-1, 1, 1, 1], np.float32) + np.array([1, 0, 0, 0], np.float32)


@dataclass
class Batch:
    maps: Tensor  # [B,w,g,g]
    rows: Tensor  # [R] each row's picture
    truth: Tensor  # [R,G,G], all zero where nothing is asked for
    free: Tensor  # [R,G,G]: where nothing is drawn
    boxes: Tensor  # [R,4] x0, y0, x1, y1 in 0..1
    there: Tensor  # [R] 1 for a thing, 0 for background


def draw_batch(drawings: Drawings, r: np.random.Generator, pictures: int, rows: int, background: bool, power: float) -> Batch:
    """`rows` things of each picture, drawn with this power of their area, and with `background` a row that asks for nothing."""
    maps, owner, truth, free, boxes, there = [], [], [], [], [], []
    for b in range(pictures):
        i = drawings.usable[int(r.integers(len(drawings.usable)))]
        masks, box = drawings.picture(i)
        maps.append(drawings.maps[i])
        empty = ~masks.any(0)
        areas = masks.sum((1, 2))
        share = np.where(areas >= MIN_AREA, np.minimum(areas, 400.0) ** power, 0)
        for t in r.choice(len(masks), size=rows, replace=(share > 0).sum() < rows, p=share / share.sum()):
            owner.append(b)
            truth.append(masks[t])
            free.append(empty)
            boxes.append(np.concatenate([box[t, :2] - box[t, 2:] / 2, box[t, :2] + box[t, 2:] / 2]))
            there.append(1.0)
        if background and empty.sum() > 20:
            owner.append(b)
            truth.append(np.zeros_like(empty))
            free.append(empty)
            boxes.append(np.zeros(4))
            there.append(0.0)
    stack = lambda x: torch.from_numpy(np.stack(x).astype(np.float32))  # noqa: E731
    return Batch(stack(maps), torch.tensor(owner), stack(truth), stack(free), stack(boxes), torch.tensor(there))


# ---------------------------------------------------------------------------------------------------- the simulated user

def blurred(x: Tensor, side: int) -> Tensor:
    """Mean over side x side cells of [R,G,G], zeros outside."""
    return F.avg_pool2d(x[:, None], side, 1, side // 2)[:, 0]


def pick(region: Tensor, inner: Tensor) -> Tensor:
    """A random cell (x, y) of each region [R,G,G] of zeros and ones (not empty); rows with `inner` prefer cells deep inside."""
    weight = torch.where(inner[:, None, None], region * blurred(region, 5) ** 4, region).flatten(1)
    cell = torch.multinomial(weight, 1)[:, 0]
    return torch.stack([cell % region.shape[2], cell // region.shape[2]], -1)


def click(region: Tensor, cell: float) -> Tensor:
    """Pixel positions [R,1,2] of one click into each region."""
    at = pick(region, torch.rand(len(region)) < 0.5) + torch.rand(len(region), 2)
    return (at * cell)[:, None]


def jittered(boxes: Tensor, image: int) -> Tensor:
    """Corners [R,2,2] in pixels, each side off by about 6 % of the box's size."""
    size = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return ((boxes + torch.randn_like(boxes) * 0.06 * size).clamp(0, 1) * image).view(-1, 2, 2)


def rough(truth: Tensor) -> Tensor:
    """Mask logits [R,1,G,G] of someone who drew the things [R,G,G] badly: shifted, swollen or shrunk, with a wrong stroke."""
    side = [1, 3, 5, 7, 9][int(torch.randint(5, ()))]
    level = torch.rand(len(truth), 1, 1) * 0.8 + 0.1
    dx, dy = (int(v) for v in torch.randint(-2, 3, (2,)))
    x = (blurred(truth.roll((dy, dx), (1, 2)), side) > level).float()
    noise = F.interpolate(torch.randn(len(truth), 1, 5, 5), size=truth.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    x = torch.where(noise > 1.2, 1 - x, x)
    return ((x * 2 - 1) * (1 + 11 * torch.rand(len(truth), 1, 1)))[:, None]


def as_prompt(logits: Tensor) -> Tensor:
    """An answer [R,G,G] as the next mask prompt [R,1,G,G]: its logits, or what is left of them in a mask of yes and no."""
    size = torch.rand(len(logits), 1, 1)
    hard = torch.where(logits > 0, 1.0, -1.0) * (3 + 9 * size)
    return torch.where(torch.rand(len(logits), 1, 1) < 0.4, hard, logits.clamp(-32, 32) * (0.6 + 0.8 * size))[:, None]


def correction(truth: Tensor, logits: Tensor, cell: float) -> tuple[Tensor, Tensor]:
    """A click [R,1,2] into each answer's error and its label [R,1]; where nothing is wrong, into the thing itself."""
    wrong = (truth != (logits > 0).float()).float()
    right = wrong.flatten(1).sum(1) == 0
    region = torch.where(right[:, None, None], truth, wrong)
    at = click(region, cell)
    index = (at[:, 0] / cell).long()
    label = truth[torch.arange(len(truth)), index[:, 1], index[:, 0]].long()
    return at, torch.where(label > 0, POSITIVE, NEGATIVE)[:, None]


# ---------------------------------------------------------------------------------------------------- losses

def mask_losses(logits: Tensor, truth: Tensor) -> Tensor:
    """BCE + dice [R,4] of logits [R,4,G,G] against truth [R,G,G]; BCE per cell of a thing's surroundings, not of the whole picture."""
    x, t = logits.float().flatten(2), truth.flatten(1)[:, None].expand(-1, logits.shape[1], -1)
    share = (t.sum(-1) * 4 + 200).clamp(max=t.shape[-1])
    bce = F.binary_cross_entropy_with_logits(x, t, reduction="none").sum(-1) / share
    p = x.sigmoid()
    return 0.3 * bce + 1 - (2 * (p * t).sum(-1) + 1) / (p.sum(-1) + t.sum(-1) + 1)


def answer_loss(out: dict[str, Tensor], truth: Tensor, there: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Mask 0, the best of the three others, their predicted IoU, and whether anything is there."""
    present = there > 0
    masks, truth = out["masks"][present], truth[present]
    each = mask_losses(masks, truth)
    mask_loss = each[:, 0] + each[:, 1:].min(1).values + 0.03 * each[:, 1:].mean(1)
    with torch.no_grad():
        got, want = masks > 0, truth[:, None] > 0
        iou = (got & want).flatten(2).sum(-1) / (got | want).flatten(2).sum(-1).clamp(min=1)
    iou_loss = F.mse_loss(out["iou"][present].float(), iou)
    object_loss = F.binary_cross_entropy_with_logits(out["object"].float(), there)
    chosen = out["iou"][present][:, 1:].argmax(1, keepdim=True) + 1
    parts = {"iou0": iou[:, 0].mean().item(), "picked": iou.gather(1, chosen).mean().item(), "best": iou[:, 1:].max(1).values.mean().item(),
             "iouerr": iou_loss.item(), "obj": object_loss.item()}
    return mask_loss.mean() + 4 * iou_loss + 0.5 * object_loss, parts


def session_loss(tracker: Sam3Tracker, batch: Batch, kind: str, corrections: int) -> tuple[Tensor, dict[str, float]]:
    """A first prompt of some kind and `corrections` clicks after it; the loss of all answers together."""
    cell = tracker.c.image / (4 * tracker.c.grid)
    levels = tracker.features(batch.maps)
    rows, truth, there = batch.rows, batch.truth, batch.there
    none, mask = torch.zeros(len(rows), 0, 2), None
    at, labels = none, torch.zeros(len(rows), 0, dtype=torch.long)
    if kind == "click":
        at, labels = click(torch.where(there[:, None, None] > 0, truth, batch.free), cell), torch.full((len(rows), 1), POSITIVE)
    elif kind == "box":
        at, labels = jittered(batch.boxes, tracker.c.image), torch.tensor([[TOP_LEFT, BOTTOM_RIGHT]]).expand(len(rows), -1)
    else:
        mask = rough(truth)
    total, parts = torch.zeros(()), {}
    for step in range(corrections + 1):
        out = tracker.answer(levels, rows, at, labels, mask)
        loss, now = answer_loss(out, truth, there)
        total = total + loss
        parts |= {f"{kind}{step} {k}": v for k, v in now.items()}
        if step == corrections:
            break
        keep = there > 0  # nothing can be corrected where nothing is asked for
        masks, predicted = out["masks"][keep].detach().float(), out["iou"][keep].detach()
        chosen = 1 + predicted[:, 1:].argmax(1) if kind == "click" and step == 0 else torch.zeros(len(masks), dtype=torch.long)
        logits = masks[torch.arange(len(masks)), chosen]
        rows, truth, there = rows[keep], truth[keep], there[keep]
        new_at, new_label = correction(truth, logits, cell)
        at, labels = torch.cat([at[keep], new_at], 1), torch.cat([labels[keep], new_label], 1)
        mask = as_prompt(logits) if torch.rand(()) < 0.75 else None
    return total / (corrections + 1), parts


# ---------------------------------------------------------------------------------------------------- file

def export(tracker: Sam3Tracker, detector: Path, out: Path) -> int:
    """The detector's file with the predictor's tensors in F16 beside its own, which stay as they are. Returns bytes."""
    with safe_open(detector, "pt") as file:
        metadata = file.metadata()
        tensors = {k: file.get_tensor(k) for k in file.keys() if not k.startswith(PREFIXES)}
    tensors |= {k: v.detach().to(torch.float16).contiguous() for k, v in tracker.state_dict().items()}
    part = out.with_suffix(".tmp")
    save_file(tensors, part, metadata=metadata)
    part.chmod(0o644)
    os.replace(part, out)
    return out.stat().st_size


def rounded(tracker: Sam3Tracker) -> Sam3Tracker:
    """A copy with the weights as the file holds them."""
    plain = copy.deepcopy(tracker).eval()
    plain.load_state_dict({k: v.to(torch.float16).float() for k, v in tracker.state_dict().items()})
    return plain


def evaluate(tracker: Sam3Tracker, val: Drawings, pictures: int) -> dict[str, float]:
    r = np.random.default_rng(0)
    figures, background = [], []
    for i in range(pictures):
        masks, _ = val.picture(i)
        with torch.no_grad():
            clicker = Clicker(tracker, tracker.features(torch.from_numpy(val.maps[i].astype(np.float32))[None]))
        figures += [clicker.thing(m) for m in masks if m.sum() >= MIN_AREA]
        background += clicker.background(masks, r)
    return summary(figures, background)


def codes(half: int) -> Tensor:
    """Position matrix [2,half]: pairs of nearly perpendicular frequencies, from a quarter to two and a half turns across the picture and back."""
    turns = torch.logspace(math.log10(0.25), math.log10(2.5), half // 2)
    angle = torch.rand(half // 2) * math.pi
    pair = lambda by: torch.stack([turns * (angle + by).cos(), turns * (angle + by).sin()])  # noqa: E731
    return torch.stack([pair(0.0), pair(math.pi / 2)], -1).flatten(1)


def look_where_pointed(attention: nn.Module, half: int, offset: int, strength: float) -> None:
    """Queries and keys start as sines and cosines of the same frequencies, so that a score is largest where the positions agree."""
    inner = attention.q_proj.out_features
    size = inner // attention.heads
    per_head = size // 2
    with torch.no_grad():
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight.mul_(0.3)
            for h in range(attention.heads):
                for i in range(per_head):
                    f = (per_head * h + i + offset) % half
                    projection.weight[h * size + 2 * i, f] += strength
                    projection.weight[h * size + 2 * i + 1, half + f] += strength


def initialise(tracker: Sam3Tracker, neck: nn.Module) -> None:
    """Starting values: the detector's neck (fainter, so that positions can be read beside it), attention by position, distinct tokens."""
    model = tracker.tracker_model
    decoder = model.mask_decoder
    half = tracker.c.width // 2
    tracker.tracker_neck.load_state_dict(neck.state_dict())
    with torch.no_grad():
        for level, share in zip(tracker.tracker_neck.fpn_layers, (0.7, 0.3, 0.2)):
            level.proj2.weight.mul_(share)
            level.proj2.bias.zero_()
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(codes(half))
        for table in (model.prompt_encoder.point_embed, model.prompt_encoder.not_a_point_embed, model.prompt_encoder.no_mask_embed,
                      decoder.iou_token, decoder.obj_score_token, decoder.mask_tokens):
            table.weight.normal_(0, 0.5)
    for i, layer in enumerate(decoder.transformer.layers):
        look_where_pointed(layer.cross_attn_token_to_image, half, 16 * i, 2.0)
        look_where_pointed(layer.cross_attn_image_to_token, half, 16 * (1 - i), 2.0)
    look_where_pointed(decoder.transformer.final_attn_token_to_image, half, 0, 1.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=33)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--final-rate", type=float, default=1e-5)
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--corrections", type=float, nargs="+", default=[0.35, 0.35, 0.3], help="shares of batches with 0, 1, 2, ... correction clicks")
    parser.add_argument("--area-power", type=float, default=0.5, help="0: small things as often as large ones")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save-minutes", type=float, default=5)
    parser.add_argument("--max-steps", type=int, default=10 ** 9)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    r = np.random.default_rng(args.seed)
    detector = load(args.detector)[0]
    base = detector.c
    config = Sam3Config(**{k: getattr(base, k) for k in base.__dataclass_fields__ if k != "extra"}, extra=SIZES)
    drawings, val = Drawings(args.features, 4 * config.grid), Drawings(args.val, 4 * config.grid)
    tracker = Sam3Tracker(config)
    initialise(tracker, detector.vision_encoder.neck)
    decay = [p for n, p in tracker.named_parameters() if p.requires_grad and p.ndim >= 2 and "embed" not in n and "token" not in n]
    plain = [p for p in tracker.parameters() if p.requires_grad and not any(p is q for q in decay)]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=args.rate, betas=(0.9, 0.98), foreach=True)
    ema = copy.deepcopy(tracker).eval().requires_grad_(False)
    warm_steps = 150
    if args.start:
        state = torch.load(args.start)
        tracker.load_state_dict(state["raw"])
        ema.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        warm_steps = 1
    print(f"{sum(p.numel() for p in tracker.parameters())} parameters, {len(drawings.maps)} pictures", flush=True)
    args.work.mkdir(parents=True, exist_ok=True)
    start = last_save = time.time()
    sums: dict[str, tuple[float, int]] = {}
    step = 0
    while True:
        done = (time.time() - start) / (60 * args.minutes)
        if done >= 1 or step >= args.max_steps:
            break
        rate = args.final_rate + (args.rate - args.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / warm_steps)
        kind = str(r.choice(["click", "box", "mask"], p=[0.6, 0.27, 0.13]))
        batch = draw_batch(drawings, r, args.pictures, args.rows, kind == "click", args.area_power)
        loss, parts = session_loss(tracker, batch, kind, int(r.choice(len(args.corrections), p=args.corrections)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(tracker.parameters(), 1.0))
        if not math.isfinite(norm):
            print(f"step {step}: gradient {norm}, skipped", flush=True)
            continue
        optimizer.step()
        with torch.no_grad():
            keep = min(0.998, (step + 1) / (step + 20)) if not args.start else 0.998
            torch._foreach_lerp_(list(ema.parameters()), list(tracker.parameters()), 1 - keep)
        for k, v in (parts | {"norm": norm, "loss": loss.item()}).items():
            total, n = sums.get(k, (0.0, 0))
            sums[k] = (total + v, n + 1)
        step += 1
        if step % 100 == 0:
            shown = [k for k in sorted(sums) if k in ("loss", "norm") or k.split()[-1] in ("picked", "best", "iou0") or k == "click0 obj"]
            print(f"{(time.time() - start) / 60:6.1f} min step {step} lr {rate:.1e} " + " ".join(f"{k} {sums[k][0] / sums[k][1]:.3f}" for k in shown), flush=True)
            sums = {}
        if time.time() - last_save > 60 * args.save_minutes:
            save(tracker, ema, optimizer, args, val, step, start, 30)
            last_save = time.time()
    save(tracker, ema, optimizer, args, val, step, start, 100)


def save(tracker: Sam3Tracker, ema: Sam3Tracker, optimizer: torch.optim.Optimizer, args: argparse.Namespace, val: Drawings, step: int, start: float, pictures: int) -> None:
    """Checkpoint, export and log the figures of the averaged weights."""
    part = args.work / "last.tmp"
    torch.save({"model": ema.state_dict(), "raw": tracker.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, part)
    os.replace(part, args.work / "last.pt")
    size = export(ema, args.detector, args.out)
    figures = evaluate(rounded(ema), val, pictures)
    print(f"== {(time.time() - start) / 60:.1f} min step {step}: " + ", ".join(f"{k} {v:.3f}" for k, v in figures.items()) + f" | {size} bytes", flush=True)


if __name__ == "__main__":
    main()
