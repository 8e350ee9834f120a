"""SAM 3's detector in PyTorch, in small: the real architecture, with transformers' parameter names.

`Sam3Detector.state_dict()` has the keys of `Sam3Model` in transformers without the leading `detector_model.`, so a
small file made from it goes through the same loader and graphs as the real weights. Parts of the real file that no
graph uses (second neck, fourth neck level, point prompts, CLIP pooling head, third pixel decoder stage) are left out.

Shapes: B pictures, R rows (a row is one picture asked for one phrase), T image tokens (grid x grid), d detector width,
Q queries, L prompt tokens, G = 4 x grid the side of the masks.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Sam3Config:
    """What the tensors' shapes follow from, and what they cannot tell."""

    image: int = 252
    patch: int = 14
    window: int = 6
    vit_width: int = 128
    vit_depth: int = 4
    vit_heads: int = 4
    vit_mlp: int = 512
    vit_global: tuple[int, ...] = (1, 3)
    width: int = 64
    heads: int = 8
    ffn: int = 160
    encoder_layers: int = 2
    decoder_layers: int = 3
    queries: int = 20
    geometry_layers: int = 1
    roi: int = 7
    text_width: int = 24
    text_heads: int = 2
    text_layers: int = 2
    text_mlp: int = 96
    context: int = 32
    vocab: int = 49408
    extra: dict = field(default_factory=dict, compare=False)

    @property
    def grid(self) -> int:
        return self.image // self.patch


# ---------------------------------------------------------------------------------------------------- building blocks

class Attention(nn.Module):
    """Multi-head attention with separate projections; `out` names the output projection."""

    def __init__(self, width: int, heads: int, out: str = "o_proj"):
        super().__init__()
        self.heads, self.out = heads, out
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.add_module(out, nn.Linear(width, width))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, rope: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """q [R,n,w], k and v [R,m,w], bias broadcastable to [R,heads,n,m] -> [R,n,w]."""
        rows, n, w = q.shape
        split = lambda x: x.view(rows, -1, self.heads, w // self.heads).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q_proj(q)), split(self.k_proj(k)), split(self.v_proj(v))
        if rope is not None:
            q, k = rotate(q, rope), rotate(k, rope)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # plain form: with heads this narrow it trains 4x faster than the fused one
        if bias is not None:
            scores = scores + bias
        with torch.autocast("cpu", enabled=False):  # keeps bfloat16 scores in bfloat16 while training
            weights = scores.softmax(-1)
        y = weights.to(v.dtype) @ v
        return getattr(self, self.out)(y.transpose(1, 2).reshape(rows, n, w))


class Mlp(nn.Module):
    """fc1, activation, fc2."""

    def __init__(self, width: int, hidden: int, act=F.relu):
        super().__init__()
        self.fc1, self.fc2, self.act = nn.Linear(width, hidden), nn.Linear(hidden, width), act

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class Layers(nn.Module):
    """Linear layers named layer1, layer2, ... with ReLU between."""

    def __init__(self, *sizes: int):
        super().__init__()
        self.count = len(sizes) - 1
        for i in range(self.count):
            self.add_module(f"layer{i + 1}", nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.count):
            x = getattr(self, f"layer{i + 1}")(x)
            if i < self.count - 1:
                x = F.relu(x)
        return x


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the channel pairs (2p, 2p+1) of x [.., n, head_dim] by the angles whose cos and sin [n, head_dim/2] are given."""
    cos, sin = rope
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(x.dtype)


def rope_table(side: int, head_dim: int, scale: float) -> tuple[Tensor, Tensor]:
    """cos and sin [side*side, head_dim/2]: first half of the pairs turn with x, second half with y."""
    freqs = 10000.0 ** (-4.0 * torch.arange(head_dim // 4) / head_dim)
    y, x = torch.meshgrid(torch.arange(side) * scale, torch.arange(side) * scale, indexing="ij")
    angle = torch.cat([x.reshape(-1, 1) * freqs, y.reshape(-1, 1) * freqs], 1)
    return angle.cos(), angle.sin()


def sine_code(v: Tensor, channels: int) -> Tensor:
    """[..] in 0..1 -> [.., channels], sin on even and cos on odd channels."""
    c = torch.arange(channels, device=v.device)
    angle = 2 * math.pi * v.float()[..., None] / 10000.0 ** (2 * torch.div(c, 2, rounding_mode="floor") / channels)
    return torch.where(c % 2 == 0, angle.sin(), angle.cos())


def image_code(side: int, width: int) -> Tensor:
    """Sine position code of the grid [side*side, width], y half then x half."""
    u = (torch.arange(side) + 1.0) / (side + 1e-6)
    e = sine_code(u, width // 2)
    y, x = e[:, None].expand(side, side, -1), e[None].expand(side, side, -1)
    return torch.cat([y, x], -1).reshape(side * side, width)


def inverse_sigmoid(v: Tensor) -> Tensor:
    v = v.clamp(0, 1)
    return v.clamp(min=1e-3).log() - (1 - v).clamp(min=1e-3).log()


def spread(x: Tensor, rows: Tensor) -> Tensor:
    """x[rows] along the first axis, in a form whose gradient is cheap."""
    parts = x.split(1)
    return torch.cat([parts[i] for i in rows.tolist()])


# ---------------------------------------------------------------------------------------------------- vision

class VitLayer(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(c.vit_width), nn.LayerNorm(c.vit_width)
        self.attention = Attention(c.vit_width, c.vit_heads)
        self.mlp = Mlp(c.vit_width, c.vit_mlp, F.gelu)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        y = self.layer_norm1(x)
        x = x + self.attention(y, y, y, rope=rope)
        return x + self.mlp(self.layer_norm2(x))


class Backbone(nn.Module):
    """The ViT. Tokens stay in window-major order from the patch convolution to the end."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        self.c = c
        self.embeddings = nn.Module()
        self.embeddings.patch_embeddings = nn.Module()
        self.embeddings.patch_embeddings.projection = nn.Conv2d(3, c.vit_width, c.patch, c.patch, bias=False)
        self.embeddings.position_embeddings = nn.Parameter(torch.randn(1, c.window ** 2, c.vit_width) * 0.02)
        self.layer_norm = nn.LayerNorm(c.vit_width)
        self.layers = nn.ModuleList(VitLayer(c) for _ in range(c.vit_depth))
        dim = c.vit_width // c.vit_heads
        n, g, w = c.grid // c.window, c.grid, c.window
        order = torch.arange(g * g).view(n, w, n, w).permute(0, 2, 1, 3).reshape(-1)
        for name, (cos, sin) in {"window": rope_table(w, dim, 1.0), "all": rope_table(g, dim, w / g)}.items():
            if name == "all":
                cos, sin = cos[order], sin[order]
            self.register_buffer(f"cos_{name}", cos, persistent=False)
            self.register_buffer(f"sin_{name}", sin, persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B,3,S,S] in -1..1 -> [B,w,grid,grid]."""
        c = self.c
        n, w = c.grid // c.window, c.window
        x = self.embeddings.patch_embeddings.projection(pixels)
        b = x.shape[0]
        x = x.reshape(b, -1, n, w, n, w).permute(0, 2, 4, 3, 5, 1).reshape(b * n * n, w * w, -1)
        x = self.layer_norm(x + self.embeddings.position_embeddings)
        for i, layer in enumerate(self.layers):
            if i in c.vit_global:
                x = layer(x.reshape(b, n * n * w * w, -1), (self.cos_all, self.sin_all)).reshape(b * n * n, w * w, -1)
            else:
                x = layer(x, (self.cos_window, self.sin_window))
        return x.reshape(b, n, n, w, w, -1).permute(0, 5, 1, 3, 2, 4).reshape(b, -1, c.grid, c.grid)


class NeckLevel(nn.Module):
    """One output map of the neck: `up` transposed convolutions of stride 2, then 1x1 and 3x3."""

    def __init__(self, vit: int, width: int, up: int):
        super().__init__()
        self.scale_layers = nn.ModuleList()
        if up:
            self.scale_layers.append(nn.ConvTranspose2d(vit, vit // 2, 2, 2))
        if up == 2:
            self.scale_layers.append(nn.GELU())
            self.scale_layers.append(nn.ConvTranspose2d(vit // 2, vit // 4, 2, 2))
        self.proj1 = nn.Conv2d(vit // 2 ** up, width, 1)
        self.proj2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.scale_layers:
            x = layer(x)
        return self.proj2(self.proj1(x))


class VisionEncoder(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.backbone = Backbone(c)
        self.neck = nn.Module()
        self.neck.fpn_layers = nn.ModuleList(NeckLevel(c.vit_width, c.width, up) for up in (2, 1, 0))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B,3,S,S] -> maps [B,d,4g,4g], [B,d,2g,2g], [B,d,g,g]."""
        x = self.backbone(pixels).contiguous(memory_format=torch.channels_last)
        return tuple(level(x) for level in self.neck.fpn_layers)  # type: ignore[return-value]


# ---------------------------------------------------------------------------------------------------- text

class TextLayer(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(c.text_width), nn.LayerNorm(c.text_width)
        self.self_attn = Attention(c.text_width, c.text_heads, "out_proj")
        self.mlp = Mlp(c.text_width, c.text_mlp, F.gelu)

    def forward(self, x: Tensor, causal: Tensor) -> Tensor:
        y = self.layer_norm1(x)
        x = x + self.self_attn(y, y, y, bias=causal)
        return x + self.mlp(self.layer_norm2(x))


class TextEncoder(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.text_model = nn.Module()
        self.text_model.embeddings = nn.Module()
        self.text_model.embeddings.token_embedding = nn.Embedding(c.vocab, c.text_width)
        self.text_model.embeddings.position_embedding = nn.Embedding(c.context, c.text_width)
        self.text_model.encoder = nn.Module()
        self.text_model.encoder.layers = nn.ModuleList(TextLayer(c) for _ in range(c.text_layers))
        self.text_model.final_layer_norm = nn.LayerNorm(c.text_width)

    def forward(self, ids: Tensor) -> Tensor:
        """ids [P,n] -> [P,n,text width]; causal, so padding at the end changes nothing before it."""
        m = self.text_model
        n = ids.shape[1]
        x = m.embeddings.token_embedding(ids) + m.embeddings.position_embedding.weight[:n]
        causal = torch.full((n, n), -1e9).triu(1)
        for layer in m.encoder.layers:
            x = layer(x, causal)
        return m.final_layer_norm(x)


# ---------------------------------------------------------------------------------------------------- geometry

class CrossLayer(nn.Module):
    """Pre-norm layer shared in form by the geometry encoder and the DETR encoder."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        self.self_attn, self.cross_attn = Attention(c.width, c.heads), Attention(c.width, c.heads)
        self.mlp = Mlp(c.width, c.ffn)
        self.layer_norm1, self.layer_norm2, self.layer_norm3 = (nn.LayerNorm(c.width) for _ in range(3))


def roi_matrix(low: Tensor, size: Tensor, bins: int, side: int) -> Tensor:
    """Averaging weights [N,bins,side] of RoIAlign along one axis, for boxes low..low+size in cells (each size at least 1)."""
    size = size.clamp(min=1.0)
    out = torch.zeros(len(low), bins, side)
    for b in range(len(low)):
        lo, s = float(low[b]), float(size[b])
        n = math.ceil(s / bins)
        for p in range(bins):
            for i in range(n):
                v = lo + p * s / bins + (i + 0.5) * s / bins / n
                if v < -1 or v > side:
                    continue
                v = max(v, 0.0)
                left = int(v)
                if left >= side - 1:
                    out[b, p, side - 1] += 1 / n
                else:
                    out[b, p, left] += (1 - (v - left)) / n
                    out[b, p, left + 1] += (v - left) / n
    return out


class GeometryEncoder(nn.Module):
    """Exemplar boxes and the always present CLS token, as prompt tokens."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        d = c.width
        self.c = c
        self.label_embed, self.cls_embed = nn.Embedding(2, d), nn.Embedding(1, d)
        self.boxes_direct_project = nn.Linear(4, d)
        self.boxes_pool_project = nn.Conv2d(d, d, c.roi)
        self.boxes_pos_enc_project = nn.Linear(d + 2, d)
        self.final_proj = nn.Linear(d, d)
        self.prompt_layer_norm, self.vision_layer_norm, self.output_layer_norm = (nn.LayerNorm(d) for _ in range(3))
        self.layers = nn.ModuleList(CrossLayer(c) for _ in range(c.geometry_layers))

    def forward(self, fpn2: Tensor, pos: Tensor, boxes: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """fpn2 [R,d,g,g], boxes [R,N,4] cxcywh in 0..1, labels [R,N] -> [R,N+1,d] with CLS last."""
        rows, d, g, _ = fpn2.shape
        memory = fpn2.flatten(2).transpose(1, 2)
        tokens = self.cls_embed.weight.expand(rows, 1, d)
        if boxes is not None and boxes.shape[1]:
            n = boxes.shape[1]
            flat = boxes.reshape(-1, 4).float()
            low, size = (flat[:, :2] - flat[:, 2:] / 2) * g, flat[:, 2:] * g
            along_x = roi_matrix(low[:, 0], size[:, 0], self.c.roi, g).view(rows, n, self.c.roi, g)
            along_y = roi_matrix(low[:, 1], size[:, 1], self.c.roi, g).view(rows, n, self.c.roi, g)
            normed = self.vision_layer_norm(memory).view(rows, g, g, d)
            pooled = torch.einsum("rnpy,rnqx,ryxc->rncpq", along_y, along_x, normed.float()).reshape(rows * n, d, self.c.roi, self.c.roi)
            code = torch.cat([sine_code(flat[:, 1], d // 2), sine_code(flat[:, 0], d // 2), flat[:, 3:4], flat[:, 2:3]], 1)
            box = self.boxes_direct_project(flat) + self.boxes_pool_project(pooled).flatten(1) + self.boxes_pos_enc_project(code)
            tokens = torch.cat([box.view(rows, n, d) + self.label_embed(labels), tokens], 1)
        x = self.prompt_layer_norm(self.final_proj(tokens))
        for layer in self.layers:
            y = layer.layer_norm1(x)
            x = x + layer.self_attn(y, y, y)
            x = x + layer.cross_attn(layer.layer_norm2(x), memory + pos, memory)
            x = x + layer.mlp(layer.layer_norm3(x))
        return self.output_layer_norm(x)


# ---------------------------------------------------------------------------------------------------- DETR

class DetrEncoder(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.layers = nn.ModuleList(CrossLayer(c) for _ in range(c.encoder_layers))

    def forward(self, x: Tensor, rows: Tensor, pos: Tensor, prompt: Tensor, prompt_bias: Tensor) -> Tensor:
        """x [B,T,d], rows [R] (each row's picture), prompt [R,L,d], prompt_bias [R,1,1,L] -> memory [R,T,d]."""
        for i, layer in enumerate(self.layers):
            y = layer.layer_norm1(x)
            x = x + layer.self_attn(y + pos, y + pos, y)
            if i == 0:  # up to here nothing depends on the prompt: once per picture
                x = spread(x, rows)
            x = x + layer.cross_attn(layer.layer_norm2(x), prompt, prompt, bias=prompt_bias)
            x = x + layer.mlp(layer.layer_norm3(x))
        return x


class DecoderLayer(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        self.self_attn, self.text_cross_attn, self.vision_cross_attn = (Attention(c.width, c.heads) for _ in range(3))
        self.self_attn_layer_norm, self.text_cross_attn_layer_norm, self.vision_cross_attn_layer_norm = (nn.LayerNorm(c.width) for _ in range(3))
        self.mlp, self.mlp_layer_norm = Mlp(c.width, c.ffn), nn.LayerNorm(c.width)


class DetrDecoder(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        d = c.width
        self.c = c
        self.presence_token, self.query_embed = nn.Embedding(1, d), nn.Embedding(c.queries, d)
        self.reference_points = nn.Embedding(c.queries, 4)
        self.layers = nn.ModuleList(DecoderLayer(c) for _ in range(c.decoder_layers))
        self.box_head, self.presence_head = Layers(d, d, d, 4), Layers(d, d, d, 1)
        self.ref_point_head = Layers(2 * d, d, d)
        self.box_rpb_embed_x, self.box_rpb_embed_y = Layers(2, d, c.heads), Layers(2, d, c.heads)
        self.output_layer_norm, self.presence_layer_norm = nn.LayerNorm(d), nn.LayerNorm(d)

    def position_bias(self, boxes: Tensor) -> Tensor:
        """boxes [R,Q,4] -> additive attention bias [R,heads,1+Q,T]; the presence token's row is zero."""
        g = self.c.grid
        cell = torch.arange(g, device=boxes.device) / g
        parts = []
        for axis, head in ((0, self.box_rpb_embed_x), (1, self.box_rpb_embed_y)):
            low, high = boxes[..., axis] - boxes[..., axis + 2] / 2, boxes[..., axis] + boxes[..., axis + 2] / 2
            delta = 8 * torch.stack([cell - low[..., None], cell - high[..., None]], -1)
            parts.append(head(delta.sign() * (delta.abs() + 1).log2() / 3).permute(0, 3, 1, 2))
        bias = (parts[1][..., :, None] + parts[0][..., None, :]).flatten(3)
        return F.pad(bias, (0, 0, 1, 0))

    def forward(self, memory: Tensor, pos: Tensor, prompt: Tensor, prompt_bias: Tensor) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """One (queries [R,Q,d], boxes [R,Q,4], presence logit [R], raw state [R,1+Q,d]) per layer; the last is the answer."""
        rows, d = memory.shape[0], memory.shape[2]
        h = torch.cat([self.presence_token.weight, self.query_embed.weight])[None].expand(rows, -1, -1)
        boxes = self.reference_points.weight.sigmoid()[None].expand(rows, -1, -1)
        out = []
        for layer in self.layers:
            code = torch.cat([sine_code(boxes[..., i], d // 2) for i in (1, 0, 2, 3)], -1)
            qpos = F.pad(self.ref_point_head(code), (0, 0, 1, 0))
            q = h + qpos
            h = layer.self_attn_layer_norm(h + layer.self_attn(q, q, h))
            h = layer.text_cross_attn_layer_norm(h + layer.text_cross_attn(h + qpos, prompt, prompt, bias=prompt_bias))
            h = layer.vision_cross_attn_layer_norm(h + layer.vision_cross_attn(h + qpos, memory + pos, memory, bias=self.position_bias(boxes)))
            h = layer.mlp_layer_norm(h + layer.mlp(h))
            hs = self.output_layer_norm(h[:, 1:])
            boxes = (self.box_head(hs).float() + inverse_sigmoid(boxes.float())).sigmoid()
            presence = self.presence_head(self.presence_layer_norm(h[:, 0]))[:, 0].float()
            out.append((hs, boxes, presence, h))
            boxes = boxes.detach()
        return out


class DotProductScoring(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        d = c.width
        self.text_mlp, self.text_mlp_out_norm = Layers(d, c.ffn, d), nn.LayerNorm(d)
        self.text_proj, self.query_proj = nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, queries: Tensor, prompt: Tensor, valid: Tensor) -> Tensor:
        """queries [R,Q,d], prompt [R,L,d], valid [R,L] -> logits [R,Q]."""
        t = self.text_mlp_out_norm(self.text_mlp(prompt) + prompt)
        t = (t * valid[..., None]).sum(1) / valid.sum(1, keepdim=True)
        logits = (self.query_proj(queries) * self.text_proj(t)[:, None]).sum(-1) / math.sqrt(queries.shape[-1])
        return logits.float().clamp(-12, 12)


# ---------------------------------------------------------------------------------------------------- masks

class PixelDecoder(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.conv_layers = nn.ModuleList(nn.Conv2d(d, d, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.GroupNorm(8, d) for _ in range(2))

    def forward(self, y: Tensor, levels: tuple[Tensor, Tensor], rows: Tensor) -> Tensor:
        """y [R,d,g,g], levels [B,d,2g,2g] and [B,d,4g,4g], rows [R] (each row's picture) -> [R,d,4g,4g]."""
        for conv, norm, level in zip(self.conv_layers, self.norms, levels):
            y = F.relu(norm(conv(spread(level, rows) + F.interpolate(y, scale_factor=2, mode="nearest"))))
        return y


class MaskEmbedder(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(d, d) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))


class MaskDecoder(nn.Module):
    def __init__(self, c: Sam3Config):
        super().__init__()
        d = c.width
        self.prompt_cross_attn, self.prompt_cross_attn_norm = Attention(d, c.heads), nn.LayerNorm(d)
        self.pixel_decoder, self.mask_embedder = PixelDecoder(d), MaskEmbedder(d)
        self.instance_projection, self.semantic_projection = nn.Conv2d(d, d, 1), nn.Conv2d(d, 1, 1)

    def pixels(self, memory: Tensor, prompt: Tensor, prompt_bias: Tensor, fpn0: Tensor, fpn1: Tensor, rows: Tensor) -> Tensor:
        """Pixel features [R,d,4g,4g]."""
        g = int(math.isqrt(memory.shape[1]))
        e = memory + self.prompt_cross_attn(self.prompt_cross_attn_norm(memory), prompt, prompt, bias=prompt_bias)
        y = e.transpose(1, 2).reshape(e.shape[0], -1, g, g).contiguous(memory_format=torch.channels_last)
        return self.pixel_decoder(y, (fpn1, fpn0), rows)

    def masks(self, pixels: Tensor, queries: Tensor) -> Tensor:
        """Mask logits [R,n,4g,4g] of queries [R,n,d]: the instance projection is folded into the queries."""
        k = self.mask_embedder(queries)
        weight, bias = self.instance_projection.weight[:, :, 0, 0], self.instance_projection.bias
        return torch.einsum("rnc,rchw->rnhw", k @ weight, pixels) + (k @ bias)[..., None, None]


# ---------------------------------------------------------------------------------------------------- the whole

class Sam3Detector(nn.Module):
    """Text (and boxes) in, instances out."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        self.c = c
        self.vision_encoder, self.text_encoder = VisionEncoder(c), TextEncoder(c)
        self.text_projection = nn.Linear(c.text_width, c.width)
        self.geometry_encoder, self.detr_encoder, self.detr_decoder = GeometryEncoder(c), DetrEncoder(c), DetrDecoder(c)
        self.dot_product_scoring, self.mask_decoder = DotProductScoring(c), MaskDecoder(c)
        self.register_buffer("pos", image_code(c.grid, c.width), persistent=False)

    def text(self, ids: Tensor) -> Tensor:
        """ids [P,n] -> [P,n,d]."""
        return self.text_projection(self.text_encoder(ids))

    def ground(self, levels: tuple[Tensor, Tensor, Tensor], rows: Tensor, text: Tensor, valid: Tensor, boxes: Tensor | None = None,
               labels: Tensor | None = None, pixel_rows: Tensor | None = None) -> dict[str, object]:
        """levels: the vision maps of B pictures; rows [R]; text [R,n,d]; valid [R,n] bool; boxes [R,N,4], labels [R,N] -> outputs by name.

        pixel_rows: the rows whose pixel features are wanted (training needs none for absent concepts); all if None.
        """
        fpn0, fpn1, fpn2 = levels
        geometry = spread(self.geometry_encoder(fpn2, self.pos), rows) if boxes is None else self.geometry_encoder(spread(fpn2, rows), self.pos, boxes, labels)
        prompt = torch.cat([text, geometry.to(text.dtype)], 1)
        ok = torch.cat([valid, torch.ones(geometry.shape[:2], dtype=torch.bool)], 1)
        bias = torch.zeros(ok.shape).masked_fill(~ok, -1e4)[:, None, None]
        memory = self.detr_encoder(fpn2.flatten(2).transpose(1, 2), rows, self.pos, prompt, bias)
        layers = self.detr_decoder(memory, self.pos, prompt, bias)
        logits = [self.dot_product_scoring(hs, prompt, ok.float()) for hs, _, _, _ in layers]
        p = torch.arange(len(rows)) if pixel_rows is None else pixel_rows
        pixels = self.mask_decoder.pixels(memory[p], prompt[p], bias[p], fpn0, fpn1, rows[p])
        return {"prompt": prompt, "memory": memory, "layers": layers, "logits": logits, "pixels": pixels,
                "semantic": self.mask_decoder.semantic_projection(pixels)}

    def forward(self, pixel_values: Tensor, ids: Tensor, boxes: Tensor | None = None, labels: Tensor | None = None) -> dict[str, object]:
        """One phrase per picture: pixel_values [B,3,S,S], ids [B,n] -> `ground`'s outputs and all masks [B,Q,G,G]."""
        levels = self.vision_encoder(pixel_values)
        out = self.ground(levels, torch.arange(len(ids)), self.text(ids), ids != 0, boxes, labels)
        out["levels"] = levels
        out["masks"] = self.mask_decoder.masks(out["pixels"], out["layers"][-1][0])  # type: ignore[index]
        return out
