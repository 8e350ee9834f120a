"""SAM 3's interactive predictor in PyTorch, in small: points, boxes and mask prompts over the detector's ViT map.

`Sam3Tracker.state_dict()` has transformers' keys (`tracker_neck.*`, `tracker_model.*`) of what one picture needs; the video
memory is left out. The formulas are those of spec/sam3.md section 4.

Shapes: B pictures, R rows (a row is one prompt on one picture), g tokens per axis, d width, G = 4 x g the side of the masks,
S the network input's side in pixels.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sam3_network import NeckLevel, Sam3Config, spread

PADDING, NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = -1, 0, 1, 2, 3
MASK_TOKENS = 4


class LayerNorm2d(nn.LayerNorm):
    """LayerNorm over the channels of [B,c,h,w]."""

    def __init__(self, width: int):
        super().__init__(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ThreeLayers(nn.Module):
    """proj_in, layers.0, proj_out with ReLU between."""

    def __init__(self, width: int, hidden: int, out: int):
        super().__init__()
        self.proj_in, self.proj_out = nn.Linear(width, hidden), nn.Linear(hidden, out)
        self.layers = nn.ModuleList([nn.Linear(hidden, hidden)])

    def forward(self, x: Tensor) -> Tensor:
        return self.proj_out(F.relu(self.layers[0](F.relu(self.proj_in(x)))))


class NarrowAttention(nn.Module):
    """Multi-head attention whose heads share an internal width."""

    def __init__(self, width: int, inner: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, inner) for _ in range(3))
        self.o_proj = nn.Linear(inner, width)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q [R,n,width], k and v [R,m,width] -> [R,n,width]."""
        split = lambda x: x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q_proj(q)), split(self.k_proj(k)), split(self.v_proj(v))
        weights = (q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).flatten(2))


class TwoWayLayer(nn.Module):
    def __init__(self, d: int, heads: int, hidden: int, first: bool):
        super().__init__()
        self.first = first
        self.self_attn = NarrowAttention(d, d, heads)
        self.cross_attn_token_to_image, self.cross_attn_image_to_token = (NarrowAttention(d, d // 2, heads) for _ in range(2))
        self.mlp = nn.Module()
        self.mlp.proj_in, self.mlp.proj_out = nn.Linear(d, hidden), nn.Linear(hidden, d)
        self.layer_norm1, self.layer_norm2, self.layer_norm3, self.layer_norm4 = (nn.LayerNorm(d) for _ in range(4))

    def forward(self, q: Tensor, k: Tensor, start: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens q [R,T,d] and image k [R,g*g,d]; start: the tokens before the first layer, code: the image's position code."""
        if self.first:  # neither position nor residual here
            q = self.layer_norm1(self.self_attn(q, q, q))
        else:
            q = self.layer_norm1(q + self.self_attn(q + start, q + start, q))
        q = self.layer_norm2(q + self.cross_attn_token_to_image(q + start, k + code, k))
        q = self.layer_norm3(q + self.mlp.proj_out(F.relu(self.mlp.proj_in(q))))
        return q, self.layer_norm4(k + self.cross_attn_image_to_token(k + code, q + start, q))


class TwoWayTransformer(nn.Module):
    def __init__(self, d: int, heads: int, hidden: int):
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer(d, heads, hidden, i == 0) for i in range(2))
        self.final_attn_token_to_image = NarrowAttention(d, d // 2, heads)
        self.layer_norm_final_attn = nn.LayerNorm(d)

    def forward(self, tokens: Tensor, image: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        q, k = tokens, image
        for layer in self.layers:
            q, k = layer(q, k, tokens, code)
        return self.layer_norm_final_attn(q + self.final_attn_token_to_image(q + tokens, k + code, k)), k


class PromptEncoder(nn.Module):
    """Points and box corners as tokens, a mask as a map."""

    def __init__(self, d: int, image: int):
        super().__init__()
        self.image = image
        self.shared_embedding = nn.Module()
        self.shared_embedding.positional_embedding = nn.Parameter(torch.randn(2, d // 2), requires_grad=False)
        self.point_embed, self.not_a_point_embed, self.no_mask_embed = nn.Embedding(4, d), nn.Embedding(1, d), nn.Embedding(1, d)
        self.mask_embed = nn.Module()
        self.mask_embed.conv1, self.mask_embed.conv2 = nn.Conv2d(1, 4, 2, 2), nn.Conv2d(4, 16, 2, 2)
        self.mask_embed.layer_norm1, self.mask_embed.layer_norm2 = LayerNorm2d(4), LayerNorm2d(16)
        self.mask_embed.conv3 = nn.Conv2d(16, d, 1)

    def code(self, at: Tensor) -> Tensor:
        """Fourier code [..,d] of positions [..,2] (x, y) in -1..1."""
        angle = 2 * math.pi * (at @ self.shared_embedding.positional_embedding)
        return torch.cat([angle.sin(), angle.cos()], -1)

    def grid_code(self, grid: int) -> Tensor:
        """Codes of the centres of the image tokens [1,grid*grid,d]."""
        centre = 2 * (torch.arange(grid) + 0.5) / grid - 1
        y, x = torch.meshgrid(centre, centre, indexing="ij")
        return self.code(torch.stack([x, y], -1)).flatten(0, 1)[None]

    def points(self, at: Tensor, labels: Tensor) -> Tensor:
        """at [R,n,2] in pixels of the network input, labels [R,n] -> tokens [R,n+1,d], the last one padding; [R,0,d] of none."""
        if at.shape[1] == 0:
            return torch.zeros(*at.shape[:2], self.point_embed.weight.shape[1])
        tokens = self.code(2 * (at + 0.5) / self.image - 1) + self.point_embed(labels)
        return torch.cat([tokens, self.not_a_point_embed.weight.expand(len(at), 1, -1)], 1)

    def mask(self, logits: Tensor) -> Tensor:
        """Mask logits [R,1,G,G] -> map [R,d,g,g]."""
        m = self.mask_embed
        x = F.gelu(m.layer_norm1(m.conv1(logits)))
        return m.conv3(F.gelu(m.layer_norm2(m.conv2(x))))

    def no_mask(self) -> Tensor:
        return self.no_mask_embed.weight[..., None, None]


class MaskDecoder(nn.Module):
    def __init__(self, d: int, heads: int, hidden: int, iou_hidden: int):
        super().__init__()
        self.transformer = TwoWayTransformer(d, heads, hidden)
        self.iou_token, self.mask_tokens, self.obj_score_token = nn.Embedding(1, d), nn.Embedding(MASK_TOKENS, d), nn.Embedding(1, d)
        self.conv_s0, self.conv_s1 = nn.Conv2d(d, d // 8, 1), nn.Conv2d(d, d // 4, 1)
        self.upscale_conv1, self.upscale_conv2 = nn.ConvTranspose2d(d, d // 4, 2, 2), nn.ConvTranspose2d(d // 4, d // 8, 2, 2)
        self.upscale_layer_norm = LayerNorm2d(d // 4)
        self.output_hypernetworks_mlps = nn.ModuleList(ThreeLayers(d, d, d // 8) for _ in range(MASK_TOKENS))
        self.iou_prediction_head, self.pred_obj_score_head = ThreeLayers(d, iou_hidden, MASK_TOKENS), ThreeLayers(d, d, 1)

    def forward(self, image: Tensor, code: Tensor, sparse: Tensor, s0: Tensor, s1: Tensor) -> dict[str, Tensor]:
        """image [R,d,g,g] with the dense prompt added, sparse [R,n,d], s0 [R,d/8,G,G], s1 [R,d/4,G/2,G/2] -> all four answers."""
        learned = torch.cat([self.obj_score_token.weight, self.iou_token.weight, self.mask_tokens.weight])
        tokens = torch.cat([learned.expand(len(image), -1, -1), sparse], 1)
        q, k = self.transformer(tokens, image.flatten(2).transpose(1, 2), code)
        y = k.transpose(1, 2).unflatten(-1, image.shape[2:])
        y = F.gelu(self.upscale_layer_norm(self.upscale_conv1(y) + s1))
        y = F.gelu(self.upscale_conv2(y) + s0)
        weights = torch.stack([mlp(q[:, 2 + j]) for j, mlp in enumerate(self.output_hypernetworks_mlps)], 1)
        masks = (weights @ y.flatten(2)).unflatten(-1, y.shape[2:])
        return {"masks": masks, "iou": self.iou_prediction_head(q[:, 1]).sigmoid(), "object": self.pred_obj_score_head(q[:, 0])[:, 0]}


class Sam3Tracker(nn.Module):
    """Prompts in, masks out. `c.extra` may hold `tracker_mlp` and `tracker_iou`, the hidden widths."""

    def __init__(self, c: Sam3Config):
        super().__init__()
        d = c.width
        self.c = c
        self.tracker_neck = nn.Module()
        self.tracker_neck.fpn_layers = nn.ModuleList(NeckLevel(c.vit_width, d, up) for up in (2, 1, 0))
        self.tracker_model = nn.Module()
        self.tracker_model.no_memory_embedding = nn.Parameter(torch.zeros(1, 1, d))
        self.tracker_model.prompt_encoder = PromptEncoder(d, c.image)
        self.tracker_model.mask_decoder = MaskDecoder(d, c.heads, c.extra.get("tracker_mlp", 2048), c.extra.get("tracker_iou", 256))

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ViT map [B,w,g,g] -> s0 [B,d/8,G,G], s1 [B,d/4,G/2,G/2], coarse map [B,d,g,g].

        The 1 x 1 convolutions after `proj2` are folded into it: the same numbers for an eighth or a quarter of the work.
        """
        fine, middle, coarse = self.tracker_neck.fpn_layers
        decoder = self.tracker_model.mask_decoder
        return folded(fine, x, decoder.conv_s0), folded(middle, x, decoder.conv_s1), coarse(x)

    def answer(self, levels: tuple[Tensor, Tensor, Tensor], rows: Tensor, at: Tensor, labels: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        """levels of `features`; rows [R]: each prompt's picture; at [R,n,2] pixels of the S x S input; labels [R,n]; mask [R,1,G,G] logits.

        -> masks [R,4,G,G] logits, iou [R,4], object [R] (a logit), sparse [R,n+1,d], dense [1 or R,d,g or 1,g or 1].
        """
        s0, s1, coarse = levels
        model = self.tracker_model
        prompts = model.prompt_encoder
        sparse = prompts.points(at, labels)
        dense = prompts.no_mask() if mask is None else prompts.mask(mask)
        image = spread(coarse + model.no_memory_embedding[0, 0][:, None, None], rows) + dense
        out = model.mask_decoder(image, prompts.grid_code(self.c.grid), sparse, spread(s0, rows), spread(s1, rows))
        return out | {"sparse": sparse, "dense": dense}


def folded(level: NeckLevel, x: Tensor, last: nn.Conv2d) -> Tensor:
    """`last` (1 x 1) after a neck level, as one 3 x 3 convolution in place of two."""
    for layer in level.scale_layers:
        x = layer(x)
    by = last.weight[:, :, 0, 0]
    weight = (by @ level.proj2.weight.flatten(1)).unflatten(1, level.proj2.weight.shape[1:])
    return F.conv2d(level.proj1(x), weight, by @ level.proj2.bias + last.bias, padding=1)
