"""Train the demo SAM 3 on drawn figures and export it as a small .safetensors file with transformers' names.

    python train_sam3.py --pool POOL --val VAL --merges bpe_simple_vocab_16e6.js --work WORK --out sam3.safetensors --minutes 75

POOL and VAL are folders written by make_sam3_pool.py; shards that appear later are picked up while training runs.
The learning rate follows the clock (cosine over --minutes), so a run always ends on time; the steps done are logged.
A row is one picture asked for one phrase: each picture of a batch gives ROWS rows, present and absent concepts mixed.
"""
from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from bpe import BOS, EOS, Tokenizer
from figures import VOCABULARY
from sam3_measure import MIN_AREA, detect, measure
from sam3_network import Sam3Config, Sam3Detector

WORDS = list(VOCABULARY)
ARTICLES = ["", "", "", "", "", "a ", "the "]
UNKNOWN = ["zebra", "piano", "bridge", "banana", "robot", "ocean", "lamp", "train"]
RIVALS = {"cat": ["dog"], "dog": ["cat"], "woman": ["man"], "man": ["woman"], "vase": ["cup"], "cup": ["vase"], "sun": ["ball"], "ball": ["sun", "cup"],
          "hat": ["hair"], "glasses": ["eye"], "tree": ["flower"], "flower": ["tree"], "house": ["car"], "car": ["house"], "hair": ["hat"]}
# How often a concept is picked to choose a picture: small parts and rare things get more turns.
TURNS = {"eye": 1.6, "hand": 1.8, "mouth": 1.3, "face": 1.1, "hair": 1.2, "glasses": 1.2, "flower": 1.3}


# ---------------------------------------------------------------------------------------------------- words

class Phrases:
    """Phrases as ids of a compact vocabulary: 0 is every word that no phrase uses (its embedding stays zero)."""

    def __init__(self, merges: Path):
        self.bpe = Tokenizer(merges)
        used = {BOS, EOS}
        for phrases in VOCABULARY.values():
            for phrase in phrases:
                used.update(self.bpe.encode(phrase))
        for word in ("a", "the", "visual"):
            used.update(self.bpe.encode(word))
        self.used = sorted(used)
        self.compact = {token: i + 1 for i, token in enumerate(self.used)}

    def encode(self, phrase: str, length: int = 7) -> tuple[list[int], list[bool]]:
        """(compact ids [length], valid [length])."""
        ids = [BOS, *self.bpe.encode(phrase)[: length - 2], EOS]
        pad = length - len(ids)
        return [self.compact.get(i, 0) for i in ids] + [0] * pad, [True] * len(ids) + [False] * pad

    def batch(self, phrases: list[str]) -> tuple[Tensor, Tensor]:
        """ids [P,n] and valid [P,n], cut to the longest phrase."""
        pairs = [self.encode(p) for p in phrases]
        ids, valid = torch.tensor([p[0] for p in pairs]), torch.tensor([p[1] for p in pairs])
        n = int(valid.sum(1).max())
        return ids[:, :n], valid[:, :n]


# ---------------------------------------------------------------------------------------------------- pictures

class Pool:
    """Shards of drawn scenes in memory, indexed by concept."""

    def __init__(self, folder: Path, grid: int):
        self.folder, self.grid = folder, grid
        self.seen: set[str] = set()
        self.images: list[np.ndarray] = []
        self.things: list[dict[str, np.ndarray]] = []
        self.by_concept: list[list[int]] = [[] for _ in WORDS]
        self.refresh()

    def refresh(self) -> None:
        """Load shards that were not there before."""
        for path in sorted(self.folder.glob("shard-*.npz")):
            if path.name in self.seen:
                continue
            self.seen.add(path.name)
            with np.load(path) as z:
                images, picture, concepts, boxes, masks = (z[k] for k in ("images", "picture", "concepts", "boxes", "masks"))
            areas = np.unpackbits(masks, axis=1).sum(1)
            starts = np.searchsorted(picture, np.arange(len(images) + 1))
            for i, image in enumerate(images):
                part = slice(starts[i], starts[i + 1])
                thing = {"concepts": concepts[part], "boxes": boxes[part], "masks": masks[part], "big": areas[part] >= MIN_AREA}
                for c in range(len(WORDS)):
                    if (((thing["concepts"] >> c) & 1).astype(bool) & thing["big"]).any():
                        self.by_concept[c].append(len(self.images))
                self.images.append(image)
                self.things.append(thing)

    def concept(self, picture: int, c: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(boxes [n,4], masks bool [n,G,G], union bool [G,G]) of one concept; the union includes instances too small to learn."""
        thing = self.things[picture]
        has = ((thing["concepts"] >> c) & 1).astype(bool)
        g = self.grid
        every = np.unpackbits(thing["masks"][has], axis=1).reshape(-1, g, g).astype(bool)
        keep = thing["big"][has]
        return thing["boxes"][has][keep], every[keep], every.any(0) if len(every) else np.zeros((g, g), bool)

    def everything(self, picture: int) -> np.ndarray:
        """Union mask of every concept, bool [C,G,G]."""
        thing = self.things[picture]
        g = self.grid
        masks = np.unpackbits(thing["masks"], axis=1).reshape(-1, g, g).astype(bool)
        return np.stack([masks[((thing["concepts"] >> c) & 1).astype(bool)].any(0) for c in range(len(WORDS))])

    def state(self, picture: int) -> tuple[list[int], list[int]]:
        """Concept indices that are clearly present, and those that are clearly absent."""
        thing = self.things[picture]
        bits = np.bitwise_or.reduce(thing["concepts"]) if len(thing["concepts"]) else 0
        big = np.bitwise_or.reduce(thing["concepts"][thing["big"]]) if thing["big"].any() else 0
        present = [c for c in range(len(WORDS)) if (int(big) >> c) & 1]
        return present, [c for c in range(len(WORDS)) if not (int(bits) >> c) & 1]


def augment(image: np.ndarray, r: np.random.Generator) -> np.ndarray:
    """Contrast, brightness, saturation, per-channel gain and a little noise; float32 [S,S,3] in -1..1."""
    x = image.astype(np.float32) / 127.5 - 1
    if r.random() < 0.8:
        x = x * r.uniform(0.8, 1.15) + r.uniform(-0.12, 0.12)
        grey = x.mean(2, keepdims=True)
        x = grey + (x - grey) * r.uniform(0.6, 1.3)
        x = x * r.uniform(0.92, 1.08, (1, 1, 3)).astype(np.float32)
    if r.random() < 0.3:
        x = x + r.normal(0, r.uniform(0.005, 0.05), x.shape).astype(np.float32)
    return np.clip(x, -1, 1)


def draw_batch(pool: Pool, phrases: Phrases, r: np.random.Generator, pictures: int, rows: int, exemplars: bool) -> dict:
    """A batch: pixels [B,3,S,S]; per row its picture, phrase, target boxes and masks, union mask, and (with exemplars) one box."""
    pixels, every, owner, texts, boxes, masks, unions, example = [], [], [], [], [], [], [], []
    weights = np.array([TURNS.get(w, 1.0) * (len(pool.by_concept[i]) > 0) for i, w in enumerate(WORDS)])
    for b in range(pictures):
        first = int(r.choice(len(WORDS), p=weights / weights.sum()))
        picture = pool.by_concept[first][int(r.integers(len(pool.by_concept[first])))]
        present, absent = pool.state(picture)
        others = [c for c in present if c != first]
        rare = np.array([weights[c] / len(pool.by_concept[c]) ** 0.5 for c in others])
        want = [first]
        positives = rows if exemplars else (rows - 1 if r.random() < 0.7 else rows)
        n = min(len(others), positives - 1)
        if n:
            want += [int(c) for c in r.choice(others, size=n, replace=False, p=rare / rare.sum())]
        while len(want) < rows:
            if exemplars:
                want.append(first)
                continue
            rivals = [WORDS.index(w) for c in want if c >= 0 for w in RIVALS.get(WORDS[c], []) if WORDS.index(w) in absent]
            pick = r.random()
            want.append(-1 if pick < 0.08 else int(r.choice(rivals)) if rivals and pick < 0.5 else int(r.choice(absent)))
        flip = r.random() < 0.5
        image = augment(pool.images[picture], r)
        pixels.append(image[:, ::-1].copy() if flip else image)
        all_masks = pool.everything(picture)
        every.append(all_masks[:, :, ::-1] if flip else all_masks)
        for c in want:
            owner.append(b)
            if c < 0:
                texts.append(UNKNOWN[int(r.integers(len(UNKNOWN)))])
                box, mask, union = np.zeros((0, 4), np.float32), np.zeros((0, pool.grid, pool.grid), bool), np.zeros((pool.grid, pool.grid), bool)
            else:
                names = VOCABULARY[WORDS[c]]
                name = names[0] if r.random() < 0.4 else names[int(r.integers(len(names)))]
                texts.append(ARTICLES[int(r.integers(len(ARTICLES)))] + name)
                box, mask, union = pool.concept(picture, c)
            if flip:
                box = box * np.array([-1, 1, 1, 1], np.float32) + np.array([1, 0, 0, 0], np.float32)
                mask, union = mask[:, :, ::-1], union[:, ::-1]
            boxes.append(torch.from_numpy(np.ascontiguousarray(box, dtype=np.float32)))
            masks.append(torch.from_numpy(mask.astype(np.float32)))
            unions.append(union.astype(np.float32))
            if exemplars:
                if r.random() < 0.6:
                    texts[-1] = "visual"
                shake = 1 + r.normal(0, 0.04, 4)
                example.append(box[int(r.integers(len(box)))] * shake)
    batch = {"pixels": torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2), "rows": torch.tensor(owner), "texts": texts, "boxes": boxes, "masks": masks,
             "unions": torch.from_numpy(np.stack(unions)), "every": torch.from_numpy(np.stack(every).astype(np.float32))}
    batch["positive"] = torch.tensor([i for i, b in enumerate(boxes) if len(b)])
    if exemplars:
        batch["examples"] = torch.tensor(np.stack(example), dtype=torch.float32)[:, None].clamp(0, 1)
    return batch


# ---------------------------------------------------------------------------------------------------- matching and losses

def assign(cost: np.ndarray) -> list[int]:
    """Cheapest column for each row, each column once (Hungarian algorithm with potentials); cost [n,m], n <= m."""
    n, m = cost.shape
    u, v, match, way = [0.0] * (n + 1), [0.0] * (m + 1), [0] * (m + 1), [0] * (m + 1)
    rows = cost.tolist()
    for i in range(1, n + 1):
        match[0], j0 = i, 0
        low, used = [math.inf] * (m + 1), [False] * (m + 1)
        while True:
            used[j0] = True
            i0, delta, j1 = match[j0], math.inf, 0
            row = rows[i0 - 1]
            for j in range(1, m + 1):
                if not used[j]:
                    value = row[j - 1] - u[i0] - v[j]
                    if value < low[j]:
                        low[j], way[j] = value, j0
                    if low[j] < delta:
                        delta, j1 = low[j], j
            for j in range(m + 1):
                if used[j]:
                    u[match[j]] += delta
                    v[j] -= delta
                else:
                    low[j] -= delta
            j0 = j1
            if match[j0] == 0:
                break
        while j0:
            match[j0] = match[way[j0]]
            j0 = way[j0]
    out = [0] * n
    for j in range(1, m + 1):
        if match[j]:
            out[match[j] - 1] = j - 1
    return out


def corners(b: Tensor) -> Tensor:
    return torch.cat([b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2], -1)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of cxcywh boxes, broadcast."""
    a, b = corners(a), corners(b)
    inter = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inter + 1e-7
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1) + 1e-7
    return inter / union - (hull - union) / hull


def dice(logits: Tensor, target: Tensor) -> Tensor:
    """1 - soft dice over the last axis."""
    p = logits.sigmoid()
    return 1 - (2 * (p * target).sum(-1) + 1) / (p.sum(-1) + target.sum(-1) + 1)


def mask_loss(logits: Tensor, target: Tensor) -> Tensor:
    """BCE (weighted towards small things) + dice per row, [n,p] -> [n]."""
    share = target.mean(-1, keepdim=True).clamp(0.005, 0.5)
    weight = target * (0.5 / share).sqrt() + (1 - target)
    bce = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).mean(-1)
    return 4 * bce + 2 * dice(logits, target)


class VisionHeads(nn.Module):
    """Training only: every concept's union mask straight from the vision maps. It teaches the ViT all concepts of a picture at
    once, where a text row teaches one; the heads are thrown away."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(c.width, len(WORDS), 1) for _ in range(3))
        for head in self.heads:
            nn.init.constant_(head.bias, -2.0)

    def loss(self, levels: tuple[Tensor, ...], every: Tensor) -> Tensor:
        """levels: the three vision maps; every [B,C,G,G]."""
        total = torch.zeros(())
        for i, (head, level) in enumerate(zip(self.heads, levels)):
            target = F.avg_pool2d(every, 2 ** i) if i else every
            logits = head(level).float().flatten(2)
            target = target.flatten(2)
            there = target.amax(-1) > 0
            bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(-1)
            total = total + 8 * bce.mean() + dice(logits, target)[there].mean()
        return total


def losses(model: Sam3Detector, out: dict, batch: dict) -> tuple[Tensor, dict[str, float]]:
    """Total loss and its parts. One assignment (of the last layer) serves all layers."""
    counts = [len(b) for b in batch["boxes"]]
    present = torch.tensor([float(n > 0) for n in counts])
    positive = batch["positive"].tolist()  # the rows that have pixel features
    semantic, unions = out["semantic"].float().flatten(1), batch["unions"].flatten(1)[positive]
    sem_loss = mask_loss(semantic, unions).mean()
    hs, boxes, _, _ = out["layers"][-1]
    with torch.no_grad():
        prob = model.mask_decoder.masks(out["pixels"], hs[positive]).float().flatten(2).sigmoid()
        cls = out["logits"][-1].sigmoid()
        row_of, local_of, query_of, target_of = [], [], [], []
        for k, i in enumerate(positive):
            t, m = batch["boxes"][i], batch["masks"][i].flatten(1)
            box_cost = 5 * torch.cdist(t, boxes[i], p=1) - 2 * giou(t[:, None], boxes[i][None])
            overlap = 1 - (2 * (m @ prob[k].T) + 1) / (m.sum(1)[:, None] + prob[k].sum(1)[None] + 1)
            cost = box_cost + 4 * overlap - 2 * cls[i][None]
            for j, q in enumerate(assign(cost.numpy())):
                row_of.append(i), local_of.append(k), query_of.append(q), target_of.append(j)
    local = torch.tensor(local_of, dtype=torch.long)
    rows, queries = torch.tensor(row_of, dtype=torch.long), torch.tensor(query_of, dtype=torch.long)
    target_boxes = torch.stack([batch["boxes"][i][j] for i, j in zip(row_of, target_of)])
    target_masks = torch.stack([batch["masks"][i][j] for i, j in zip(row_of, target_of)]).flatten(1)
    labels = torch.zeros_like(out["logits"][-1])
    labels[rows, queries] = 1
    n = max(1, len(row_of))
    slot = torch.tensor([sum(row_of[k] == row for k in range(i)) for i, row in enumerate(row_of)])
    most = int(slot.max()) + 1
    picked = torch.zeros(len(positive), len(out["layers"]), most, hs.shape[-1])
    for i, (layer_hs, _, _, _) in enumerate(out["layers"]):
        picked = picked.index_put((local, torch.full_like(rows, i), slot), layer_hs[rows, queries].float())
    layer_masks = model.mask_decoder.masks(out["pixels"], picked.flatten(1, 2)).view(len(positive), len(out["layers"]), most, -1)
    layer_masks = layer_masks.transpose(1, 2)[local, slot].float()  # [matched, layers, G*G]
    mask_parts = mask_loss(layer_masks, target_masks[:, None].expand_as(layer_masks)).mean(0)
    total = 2.0 * sem_loss
    parts = {"sem": sem_loss.item()}
    last = len(out["layers"]) - 1
    for i, (hs, boxes, presence, _) in enumerate(out["layers"]):
        logit = out["logits"][i]
        p = logit.sigmoid()
        share = torch.where(present > 0, 1.0, 0.25)[:, None]
        cls_loss = (share * (labels * (1 - p) * F.softplus(-logit) * 2 + (1 - labels) * p ** 2 * F.softplus(logit))).sum() / n
        got = boxes[rows, queries]
        l1, gi = (got - target_boxes).abs().sum(-1).mean(), (1 - giou(got, target_boxes)).mean()
        there = F.binary_cross_entropy_with_logits(presence, present)
        total = total + (1.0 if i == last else 0.5) * (2.0 * cls_loss + 4.0 * l1 + 1.5 * gi + 2.0 * mask_parts[i] + 1.0 * there)
        if i == last:
            parts |= {"cls": cls_loss.item(), "l1": l1.item(), "giou": gi.item(), "mask": mask_parts[i].item(), "pres": there.item()}
    return total, parts


# ---------------------------------------------------------------------------------------------------- file

def product_config(c: Sam3Config) -> dict:
    """What the studio's loader needs beyond the tensors' shapes."""
    return {"family": "sam3", "image": c.image, "patch": c.patch, "window": c.window, "visionHeads": c.vit_heads, "globalBlocks": list(c.vit_global),
            "detrHeads": c.heads, "textHeads": c.text_heads, "context": c.context, "roi": c.roi, "scoreThreshold": 0.5}


def export(model: Sam3Detector, c: Sam3Config, phrases: Phrases, path: Path, more: dict) -> int:
    """Write F16 tensors under `detector_model.`; the token table is blown up to CLIP's 49408 rows (zeros for unused words). Returns bytes."""
    tensors = {}
    for name, value in model.state_dict().items():
        if name.endswith("token_embedding.weight"):
            table = torch.zeros(49408, c.text_width)
            table[torch.tensor(phrases.used)] = value[1:]
            value = table
        tensors["detector_model." + name] = value.detach().to(torch.float16).contiguous()
    part = path.with_suffix(".tmp")
    save_file(tensors, part, metadata={"format": "pt", "luna.config": json.dumps(product_config(c) | more)})
    part.chmod(0o644)
    os.replace(part, path)
    return path.stat().st_size


@torch.no_grad()
def evaluate(model: Sam3Detector, pool: Pool, phrases: Phrases, pictures: int, thresholds: tuple[float, ...] = (0.5,)) -> list[dict]:
    """Figures of sam3_measure.py on the first `pictures` of the pool."""
    ids, valid = phrases.batch(WORDS)
    text = model.text(ids)
    found = []
    for i in range(min(pictures, len(pool.images))):
        pixels = torch.from_numpy(pool.images[i].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        scores, masks = detect(model, model.vision_encoder(pixels), 0, text, valid)
        present, absent = pool.state(i)
        truth = {c: pool.concept(i, c)[1].reshape(-1, pool.grid ** 2) for c in present}
        keep = scores.max(1) > min(thresholds)
        masks = [m if k else m[:0] for m, k in zip(masks, keep)]
        scores = [s if k else s[:0] for s, k in zip(scores, keep)]
        found.append({"scores": scores, "masks": masks, "truth": truth, "unclear": set(range(len(WORDS))) - set(present) - set(absent)})
    return [measure(found, WORDS, t) for t in thresholds]


def initialise(model: Sam3Detector) -> None:
    """Starting values: a grid of small reference boxes, no box correction at first, zero row for unknown words."""
    c = model.c
    with torch.no_grad():
        cols = 5
        rows = math.ceil(c.queries / cols)
        for q in range(c.queries):
            centre = ((q % cols + 0.5) / cols, (q // cols + 0.5) / rows)
            model.detr_decoder.reference_points.weight[q] = torch.tensor([*centre, 0.2, 0.2]).logit()
        model.detr_decoder.box_head.layer3.weight.zero_()
        model.detr_decoder.box_head.layer3.bias.zero_()
        for table in (model.detr_decoder.query_embed, model.detr_decoder.presence_token, model.geometry_encoder.cls_embed, model.geometry_encoder.label_embed):
            table.weight.normal_(0, 0.5)
        table = model.text_encoder.text_model.embeddings
        table.token_embedding.weight.normal_(0, 0.5)
        table.token_embedding.weight[0].zero_()
        table.position_embedding.weight.normal_(0, 0.05)
        model.mask_decoder.semantic_projection.bias.fill_(-2.0)
        for module in model.modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--merges", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rows", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--final-rate", type=float, default=1e-5)
    parser.add_argument("--exemplars", type=float, default=0.12, help="share of batches with an example box per row")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=11)
    parser.add_argument("--max-steps", type=int, default=10 ** 9)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    r = np.random.default_rng(args.seed)
    phrases = Phrases(args.merges)
    config = Sam3Config(vocab=len(phrases.used) + 1)
    grid = config.grid * 4
    pool, val = Pool(args.pool, grid), Pool(args.val, grid)
    model = Sam3Detector(config)
    initialise(model)
    if args.start:
        start_from = torch.load(args.start)
        model.load_state_dict(start_from["model"])
    model = model.to(memory_format=torch.channels_last)
    vision_heads = VisionHeads(config)
    ema = copy.deepcopy(model).eval().requires_grad_(False)
    decay, plain = [], []
    for name, p in model.named_parameters():
        (plain if p.ndim < 2 or "embed" in name or "reference" in name else decay).append(p)
    decay += list(vision_heads.parameters())
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=args.rate, betas=(0.9, 0.98), foreach=True)
    if args.start and "heads" in start_from:
        vision_heads.load_state_dict(start_from["heads"])
        optimizer.load_state_dict(start_from["optimizer"])
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(phrases.used)} words, {len(pool.images)} pictures", flush=True)
    args.work.mkdir(parents=True, exist_ok=True)
    start = last_save = time.time()
    parts_sum: dict[str, float] = {}
    table = model.text_encoder.text_model.embeddings.token_embedding.weight
    step = 0
    while True:
        done = (time.time() - start) / (60 * args.minutes)
        if done >= 1 or step >= args.max_steps:
            break
        warm = min(1.0, (step + 1) / 150)
        rate = args.final_rate + (args.rate - args.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = rate * warm
        batch = draw_batch(pool, phrases, r, args.pictures, args.rows, done > 0.2 and r.random() < args.exemplars)
        unique = sorted(set(batch["texts"]))
        ids, valid = phrases.batch(unique)
        index = torch.tensor([unique.index(t) for t in batch["texts"]])
        with torch.autocast("cpu", torch.bfloat16):
            levels = model.vision_encoder(batch["pixels"].contiguous(memory_format=torch.channels_last))
            text = model.text(ids)[index]
            examples = batch.get("examples")
            out = model.ground(levels, batch["rows"], text, valid[index], examples, None if examples is None else torch.ones(len(examples), 1, dtype=torch.long),
                               batch["positive"])
            loss, parts = losses(model, out, batch)
            vision_loss = vision_heads.loss(levels, batch["every"])
            loss = loss + vision_loss
            parts["vision"] = vision_loss.item()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        table.grad[0].zero_()
        norm = float(nn.utils.clip_grad_norm_(model.parameters(), 2.0))
        if not math.isfinite(norm):
            print(f"step {step}: gradient {norm}, skipped", flush=True)
            continue
        optimizer.step()
        with torch.no_grad():
            keep = min(0.998, (step + 1) / (step + 20))
            torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), 1 - keep)
        parts["norm"] = norm
        for k, v in parts.items():
            parts_sum[k] = parts_sum.get(k, 0.0) + v
        step += 1
        if step % 50 == 0:
            line = " ".join(f"{k} {v / 50:.3f}" for k, v in parts_sum.items())
            print(f"{(time.time() - start) / 60:6.1f} min step {step} lr {rate:.1e} {line}", flush=True)
            parts_sum = {}
        if step % 200 == 0:
            pool.refresh()
        if time.time() - last_save > 60 * args.save_minutes:
            save(ema, config, phrases, args, val, step, start, 40, {"heads": vision_heads.state_dict(), "optimizer": optimizer.state_dict()})
            last_save = time.time()
    save(ema, config, phrases, args, val, step, start, 200, {})


def save(ema: Sam3Detector, config: Sam3Config, phrases: Phrases, args: argparse.Namespace, val: Pool, step: int, start: float, pictures: int, more: dict) -> None:
    """Checkpoint, export and log the figures of the averaged weights."""
    tmp = args.work / "last.tmp"
    torch.save({"model": ema.state_dict(), "config": asdict(config), "step": step, **more}, tmp)
    os.replace(tmp, args.work / "last.pt")
    plain = Sam3Detector(config).eval()
    plain.load_state_dict({k: v.to(torch.float16).float() for k, v in ema.state_dict().items()})
    size = export(plain, config, phrases, args.out, {})
    for figures in evaluate(plain, val, phrases, pictures, (0.35, 0.5)):
        per = " ".join(f"{w} {v:.2f}" for w, v in figures["per_concept"].items())
        print(f"== {(time.time() - start) / 60:.1f} min step {step} threshold {figures['threshold']}: mean IoU {figures['mean']:.3f} false on absent "
              f"{figures['false_rate_absent']:.3f} extra {figures['extra_per_kept']:.3f} | {per} | {size} bytes", flush=True)


if __name__ == "__main__":
    main()
