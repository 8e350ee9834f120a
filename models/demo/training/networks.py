"""The demo pack's networks in PyTorch, with exactly the parameter names of the real files.

Unet            model.diffusion_model.*                 (LDM numbering)
TextTowerL      conditioner.embedders.0.transformer.text_model.*
TextTowerG      conditioner.embedders.1.model.*
Vision          vision_model.*, visual_projection.*     (Hugging Face naming)
Resampler       image_proj.*
ImageKeysValues ip_adapter.{1,3,5,...}.to_{k,v}_ip.weight
Autoencoder     encoder.layers.*, decoder.layers.*      (diffusers AutoencoderTiny)

Shapes in the docstrings: N batch, C channels, h/w latent size, T tokens.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class UnetConfig:
    """Hyper-parameters of the UNet; `head_dim` cannot be recovered from the weights."""

    in_channels: int = 16
    out_channels: int = 16
    model_channels: int = 64
    channel_mult: tuple[int, ...] = (1, 1, 1)
    num_res_blocks: int = 2
    transformer_depth: tuple[int, ...] = (0, 0, 1)
    transformer_depth_middle: int = 2
    head_dim: int = 64
    context_dim: int = 48
    adm_in_channels: int = 1568
    time_embed_dim: int = 128
    groups: int = 32


@dataclass
class TextConfig:
    """A text tower; both use 77 positions."""

    width: int = 32
    heads: int = 1
    layers: int = 3
    mlp: int = 128
    vocab: int = 49408


@dataclass
class VisionConfig:
    """The CLIP vision tower."""

    width: int = 64
    heads: int = 1
    layers: int = 4
    mlp: int = 256
    patch: int = 14
    image: int = 224
    projection: int = 64


@dataclass
class ResamplerConfig:
    """The IP-Adapter "plus" image projector."""

    dim: int = 64
    depth: int = 2
    dim_head: int = 64
    heads: int = 1
    queries: int = 16
    embedding_dim: int = 64
    output_dim: int = 48
    ff_mult: int = 4


def sinusoids(values: Tensor, dim: int) -> Tensor:
    """Sinusoidal embedding [N] -> [N, dim], cosines first, fp32."""
    half = dim // 2
    freqs = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32, device=values.device) / half)
    angles = values.float()[:, None] * freqs[None]
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def size_embedding(size_ids: Tensor) -> Tensor:
    """[N, 6] pixel values (orig h, w, crop top, left, target h, w) -> [N, 1536]."""
    return sinusoids(size_ids.reshape(-1), 256).reshape(size_ids.shape[0], -1)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Multi-head attention [N, T, C] x [N, S, C] -> [N, T, C]."""
    n, t, c = q.shape
    q, k, v = (z.reshape(n, -1, heads, c // heads).transpose(1, 2) for z in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c)


# ---------------------------------------------------------------- UNet


class ResBlock(nn.Module):
    """GN-silu-conv, add embedding, GN-silu-conv, plus skip."""

    def __init__(self, c_in: int, c_out: int, emb: int, groups: int):
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(groups, c_in, 1e-5), nn.SiLU(), nn.Conv2d(c_in, c_out, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb, c_out))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, c_out, 1e-5), nn.SiLU(), nn.Identity(), nn.Conv2d(c_out, c_out, 3, padding=1))
        self.skip_connection = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, h: Tensor, emb: Tensor) -> Tensor:
        r = self.in_layers(h) + self.emb_layers(emb)[:, :, None, None]
        return self.skip_connection(h) + self.out_layers(r)


class CrossAttention(nn.Module):
    """attn1 / attn2; `image` = (K_ip, V_ip, scale) adds the decoupled image attention."""

    def __init__(self, c: int, context: int, heads: int):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(c, c, bias=False)
        self.to_k = nn.Linear(context, c, bias=False)
        self.to_v = nn.Linear(context, c, bias=False)
        self.to_out = nn.Sequential(nn.Linear(c, c))

    def forward(self, x: Tensor, context: Tensor, image=None) -> Tensor:
        q = self.to_q(x)
        o = attend(q, self.to_k(context), self.to_v(context), self.heads)
        if image is not None:
            k, v, scale = image
            o = o + scale * attend(q, k, v, self.heads)
        return self.to_out(o)


class GatedFeedForward(nn.Module):
    """GEGLU feed-forward with the key names net.0.proj and net.2."""

    def __init__(self, c: int):
        super().__init__()
        gate = nn.Module()
        gate.proj = nn.Linear(c, 8 * c)
        self.net = nn.ModuleList([gate, nn.Identity(), nn.Linear(4 * c, c)])

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.net[0].proj(x).chunk(2, dim=-1)
        return self.net[2](value * F.gelu(gate))


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention, feed-forward on [N, T, C]."""

    def __init__(self, c: int, context: int, heads: int):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(c), nn.LayerNorm(c), nn.LayerNorm(c)
        self.attn1 = CrossAttention(c, c, heads)
        self.attn2 = CrossAttention(c, context, heads)
        self.ff = GatedFeedForward(c)

    def forward(self, z: Tensor, context: Tensor, image=None) -> Tensor:
        y = self.norm1(z)
        z = z + self.attn1(y, y)
        z = z + self.attn2(self.norm2(z), context, image)
        return z + self.ff(self.norm3(z))


class SpatialTransformer(nn.Module):
    """GN, linear in, `depth` blocks over the pixels, linear out, residual."""

    def __init__(self, c: int, depth: int, cfg: UnetConfig):
        super().__init__()
        self.norm = nn.GroupNorm(cfg.groups, c, 1e-6)
        self.proj_in = nn.Linear(c, c)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(c, cfg.context_dim, c // cfg.head_dim) for _ in range(depth))
        self.proj_out = nn.Linear(c, c)

    def forward(self, h: Tensor, context: Tensor, images) -> Tensor:
        n, c, height, width = h.shape
        z = self.proj_in(self.norm(h).permute(0, 2, 3, 1).reshape(n, height * width, c))
        for block in self.transformer_blocks:
            z = block(z, context, images.get(block.attn2) if images else None)
        z = self.proj_out(z).reshape(n, height, width, c).permute(0, 3, 1, 2)
        return z + h


class Downsample(nn.Module):
    def __init__(self, c: int):
        super().__init__()
        self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, h: Tensor) -> Tensor:
        return self.op(h)


class Upsample(nn.Module):
    def __init__(self, c: int):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, h: Tensor) -> Tensor:
        return self.conv(F.interpolate(h, scale_factor=2.0, mode="nearest"))


class Unet(nn.Module):
    """SDXL UNet of any width and depth."""

    def __init__(self, cfg: UnetConfig):
        super().__init__()
        self.cfg = cfg
        c0, emb = cfg.model_channels, cfg.time_embed_dim
        self.time_embed = nn.Sequential(nn.Linear(c0, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.label_emb = nn.Sequential(nn.Sequential(nn.Linear(cfg.adm_in_channels, emb), nn.SiLU(), nn.Linear(emb, emb)))
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(cfg.in_channels, c0, 3, padding=1)])])
        skips, c = [c0], c0
        levels = len(cfg.channel_mult)
        for level, mult in enumerate(cfg.channel_mult):
            for _ in range(cfg.num_res_blocks):
                self.input_blocks.append(self._stage(c, c0 * mult, cfg.transformer_depth[level]))
                c = c0 * mult
                skips.append(c)
            if level < levels - 1:
                self.input_blocks.append(nn.ModuleList([Downsample(c)]))
                skips.append(c)
        self.middle_block = nn.ModuleList([
            ResBlock(c, c, emb, cfg.groups), SpatialTransformer(c, cfg.transformer_depth_middle, cfg),
            ResBlock(c, c, emb, cfg.groups)])
        self.output_blocks = nn.ModuleList()
        for level in reversed(range(levels)):
            for i in range(cfg.num_res_blocks + 1):
                stage = self._stage(c + skips.pop(), c0 * cfg.channel_mult[level], cfg.transformer_depth[level])
                c = c0 * cfg.channel_mult[level]
                if level > 0 and i == cfg.num_res_blocks:
                    stage.append(Upsample(c))
                self.output_blocks.append(stage)
        self.out = nn.Sequential(nn.GroupNorm(cfg.groups, c, 1e-5), nn.SiLU(), nn.Conv2d(c, cfg.out_channels, 3, padding=1))

    def _stage(self, c_in: int, c_out: int, depth: int) -> nn.ModuleList:
        stage = nn.ModuleList([ResBlock(c_in, c_out, self.cfg.time_embed_dim, self.cfg.groups)])
        if depth:
            stage.append(SpatialTransformer(c_out, depth, self.cfg))
        return stage

    def cross_attentions(self) -> list[CrossAttention]:
        """attn2 modules in IP-Adapter order: input blocks, output blocks, middle."""
        stages = [*self.input_blocks, *self.output_blocks, self.middle_block]
        transformers = [m for stage in stages for m in stage if isinstance(m, SpatialTransformer)]
        return [block.attn2 for st in transformers for block in st.transformer_blocks]

    def forward(self, x: Tensor, timesteps: Tensor, context: Tensor, y: Tensor, images=None) -> Tensor:
        """eps [N,C,h,w] from x (already times c_in), timesteps [N], context [N,T,ctx], y [N,adm].

        `images`: dict attn2 module -> (K_ip, V_ip, scale), see ImageKeysValues.
        """
        emb = self.time_embed(sinusoids(timesteps, self.cfg.model_channels)) + self.label_emb(y)
        h, skips = x, []
        for stage in self.input_blocks:
            h = self._run(stage, h, emb, context, images)
            skips.append(h)
        h = self._run(self.middle_block, h, emb, context, images)
        for stage in self.output_blocks:
            h = self._run(stage, torch.cat([h, skips.pop()], dim=1), emb, context, images)
        return self.out(h)

    @staticmethod
    def _run(stage, h: Tensor, emb: Tensor, context: Tensor, images) -> Tensor:
        for module in stage:
            if isinstance(module, ResBlock):
                h = module(h, emb)
            elif isinstance(module, SpatialTransformer):
                h = module(h, context, images)
            else:
                h = module(h)
        return h


# ---------------------------------------------------------------- text


class LayerL(nn.Module):
    """One CLIP-L layer (separate projections, quick_gelu)."""

    def __init__(self, cfg: TextConfig):
        super().__init__()
        c = cfg.width
        self.heads = cfg.heads
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.self_attn = nn.ModuleDict({f"{n}_proj": nn.Linear(c, c) for n in ("q", "k", "v", "out")})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(c, cfg.mlp), "fc2": nn.Linear(cfg.mlp, c)})

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_norm1(x)
        q, k, v = (self.self_attn[f"{n}_proj"](y) for n in ("q", "k", "v"))
        x = x + self.self_attn["out_proj"](_causal(q, k, v, self.heads))
        y = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](y * torch.sigmoid(1.702 * y))


class TextTowerL(nn.Module):
    """CLIP-L text model; forward gives the penultimate hidden state [N, 77, width]."""

    def __init__(self, cfg: TextConfig):
        super().__init__()
        self.embeddings = nn.ModuleDict({
            "token_embedding": nn.Embedding(cfg.vocab, cfg.width), "position_embedding": nn.Embedding(77, cfg.width)})
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(LayerL(cfg) for _ in range(cfg.layers))})
        self.final_layer_norm = nn.LayerNorm(cfg.width)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embeddings["token_embedding"](ids) + self.embeddings["position_embedding"].weight[: ids.shape[1]]
        for layer in self.encoder["layers"][:-1]:
            x = layer(x)
        return x


class PackedAttention(nn.Module):
    """OpenCLIP's nn.MultiheadAttention parameters (in_proj_weight rows: Q, K, V)."""

    def __init__(self, cfg: TextConfig):
        super().__init__()
        self.heads = cfg.heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * cfg.width, cfg.width) / math.sqrt(cfg.width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * cfg.width))
        self.out_proj = nn.Linear(cfg.width, cfg.width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        return self.out_proj(_causal(q, k, v, self.heads))


class LayerG(nn.Module):
    """One OpenCLIP residual block (packed projections, exact gelu)."""

    def __init__(self, cfg: TextConfig):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(cfg.width), nn.LayerNorm(cfg.width)
        self.attn = PackedAttention(cfg)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(cfg.width, cfg.mlp), "c_proj": nn.Linear(cfg.mlp, cfg.width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class TextTowerG(nn.Module):
    """bigG text model; forward gives (penultimate [N,77,width], pooled [N,width])."""

    def __init__(self, cfg: TextConfig):
        super().__init__()
        self.token_embedding = nn.Embedding(cfg.vocab, cfg.width)
        self.positional_embedding = nn.Parameter(torch.randn(77, cfg.width) * 0.02)
        self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList(LayerG(cfg) for _ in range(cfg.layers))})
        self.ln_final = nn.LayerNorm(cfg.width)
        self.text_projection = nn.Parameter(torch.randn(cfg.width, cfg.width) / math.sqrt(cfg.width))
        self.logit_scale = nn.Parameter(torch.tensor(0.0), requires_grad=False)

    def forward(self, ids: Tensor, eot: Tensor) -> tuple[Tensor, Tensor]:
        """`eot` [N]: position of the first end-of-text token."""
        x = self.token_embedding(ids) + self.positional_embedding
        blocks = self.transformer["resblocks"]
        for block in blocks[:-1]:
            x = block(x)
        last = self.ln_final(blocks[-1](x))
        return x, last[torch.arange(len(ids)), eot] @ self.text_projection


def _causal(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    n, t, c = q.shape
    q, k, v = (z.reshape(n, t, heads, c // heads).transpose(1, 2) for z in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, c)


# ---------------------------------------------------------------- vision, IP-Adapter


class VisionLayer(nn.Module):
    """One ViT layer (exact gelu, no mask)."""

    def __init__(self, cfg: VisionConfig):
        super().__init__()
        c = cfg.width
        self.heads = cfg.heads
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.self_attn = nn.ModuleDict({f"{n}_proj": nn.Linear(c, c) for n in ("q", "k", "v", "out")})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(c, cfg.mlp), "fc2": nn.Linear(cfg.mlp, c)})

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_norm1(x)
        q, k, v = (self.self_attn[f"{n}_proj"](y) for n in ("q", "k", "v"))
        x = x + self.self_attn["out_proj"](attend(q, k, v, self.heads))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.layer_norm2(x))))


class VisionModel(nn.Module):
    """vision_model.*: pixel_values [N,3,S,S] -> penultimate hidden state [N, tokens, width]."""

    def __init__(self, cfg: VisionConfig):
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.randn(cfg.width) * 0.02)
        self.embeddings.patch_embedding = nn.Conv2d(3, cfg.width, cfg.patch, stride=cfg.patch, bias=False)
        self.embeddings.position_embedding = nn.Embedding((cfg.image // cfg.patch) ** 2 + 1, cfg.width)
        self.pre_layrnorm = nn.LayerNorm(cfg.width)
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(VisionLayer(cfg) for _ in range(cfg.layers))})
        self.post_layernorm = nn.LayerNorm(cfg.width)

    def forward(self, pixels: Tensor) -> Tensor:
        e = self.embeddings
        x = e.patch_embedding(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([e.class_embedding.to(x.dtype).expand(len(x), 1, -1), x], dim=1) + e.position_embedding.weight
        x = self.pre_layrnorm(x)
        for layer in self.encoder["layers"][:-1]:
            x = layer(x)
        return x


class Vision(nn.Module):
    """The whole vision file; only the penultimate state is used by "plus" adapters."""

    def __init__(self, cfg: VisionConfig):
        super().__init__()
        self.vision_model = VisionModel(cfg)
        self.visual_projection = nn.Linear(cfg.width, cfg.projection, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.vision_model(pixels)


class ResamplerAttention(nn.Module):
    """Latents attend to image tokens and themselves; K rows first in to_kv."""

    def __init__(self, cfg: ResamplerConfig):
        super().__init__()
        inner = cfg.heads * cfg.dim_head
        self.heads = cfg.heads
        self.norm1, self.norm2 = nn.LayerNorm(cfg.dim), nn.LayerNorm(cfg.dim)
        self.to_q = nn.Linear(cfg.dim, inner, bias=False)
        self.to_kv = nn.Linear(cfg.dim, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, cfg.dim, bias=False)

    def forward(self, x: Tensor, latents: Tensor) -> Tensor:
        a, b = self.norm1(x), self.norm2(latents)
        k, v = self.to_kv(torch.cat([a, b], dim=1)).chunk(2, dim=-1)
        return self.to_out(attend(self.to_q(b), k, v, self.heads))


class Resampler(nn.Module):
    """image_proj.*: hidden [N, tokens, embedding_dim] -> image tokens [N, queries, output_dim]."""

    def __init__(self, cfg: ResamplerConfig):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(1, cfg.queries, cfg.dim) / math.sqrt(cfg.dim))
        self.proj_in = nn.Linear(cfg.embedding_dim, cfg.dim)
        self.layers = nn.ModuleList()
        for _ in range(cfg.depth):
            inner = cfg.dim * cfg.ff_mult
            feed = nn.Sequential(nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, inner, bias=False), nn.GELU(),
                                 nn.Linear(inner, cfg.dim, bias=False))
            self.layers.append(nn.ModuleList([ResamplerAttention(cfg), feed]))
        self.proj_out = nn.Linear(cfg.dim, cfg.output_dim)
        self.norm_out = nn.LayerNorm(cfg.output_dim)

    def forward(self, hidden: Tensor) -> Tensor:
        x = self.proj_in(hidden)
        latents = self.latents.to(x.dtype).expand(len(x), -1, -1)
        for attention, feed in self.layers:
            latents = latents + attention(x, latents)
            latents = latents + feed(latents)
        return self.norm_out(self.proj_out(latents))


class ImageKeysValues(nn.Module):
    """ip_adapter.*: to_k_ip / to_v_ip of every cross-attention, keys 1, 3, 5, ... in IP-Adapter order."""

    def __init__(self, unet: Unet, token_dim: int):
        super().__init__()
        for i, attention in enumerate(unet.cross_attentions()):
            inner = attention.to_q.out_features
            pair = nn.ModuleDict({"to_k_ip": nn.Linear(token_dim, inner, bias=False),
                                  "to_v_ip": nn.Linear(token_dim, inner, bias=False)})
            self.add_module(str(2 * i + 1), pair)

    def forward(self, unet: Unet, tokens: Tensor, scale) -> dict:
        """Per-attention (K, V, scale) for Unet.forward; tokens [N, queries, token_dim], scale float or [N,1,1]."""
        images = {}
        for i, attention in enumerate(unet.cross_attentions()):
            pair = getattr(self, str(2 * i + 1))
            images[attention] = (pair["to_k_ip"](tokens), pair["to_v_ip"](tokens), scale)
        return images


# ---------------------------------------------------------------- autoencoder


class TinyBlock(nn.Module):
    """TAESD block: three 3x3 convs, residual, ReLU."""

    def __init__(self, c: int):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x) + x)


class Autoencoder(nn.Module):
    """AutoencoderTiny layout: encode [N,3,H,W] in 0..1 -> [N,latent,H/8,W/8]; decode back (unclamped)."""

    def __init__(self, width: int = 16, latent: int = 16):
        super().__init__()
        self.encoder, self.decoder = nn.Module(), nn.Module()
        down = [nn.Conv2d(3, width, 3, padding=1), TinyBlock(width)]
        for _ in range(3):
            down += [nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False), *(TinyBlock(width) for _ in range(3))]
        self.encoder.layers = nn.Sequential(*down, nn.Conv2d(width, latent, 3, padding=1))
        up: list[nn.Module] = [nn.Conv2d(latent, width, 3, padding=1), nn.ReLU()]
        for _ in range(3):
            up += [*(TinyBlock(width) for _ in range(3)), nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1, bias=False)]
        self.decoder.layers = nn.Sequential(*up, TinyBlock(width), nn.Conv2d(width, 3, 3, padding=1))

    def encode(self, image: Tensor) -> Tensor:
        return self.encoder.layers(image)

    def decode(self, latent: Tensor) -> Tensor:
        return self.decoder.layers(3 * torch.tanh(latent / 3))


def config_json(unet: UnetConfig, text_l: TextConfig, text_g: TextConfig) -> dict:
    """What a loader cannot read from the checkpoint's shapes (and, for convenience, what it can)."""
    return {"unet": asdict(unet), "clip_l": asdict(text_l), "clip_g": asdict(text_g), "latent_scale": 1.0,
            "head_dim": unet.head_dim, "prediction": "eps"}
