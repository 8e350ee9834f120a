"""The trained bundle: UNet, both text towers, vision tower, Resampler and image keys/values.

Text towers hold only the rows of the caption vocabulary: row 0 is the zero row of every other token.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

import figures
import leaves
from bpe import BOS, EOS, PAD_G, PAD_L, Tokenizer
from networks import (ImageKeysValues, Resampler, ResamplerConfig, SpatialTransformer, TextConfig, TextTowerG, TextTowerL,
                      Unet, UnetConfig, Vision, VisionConfig, size_embedding)
from sampling import timestep

EXTRA_WORDS = ("a", "of", "the", "with", "in", ",", ".", "and", "very", "color", "picture")
CLIP_MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[None, :, None, None]
CLIP_STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])[None, :, None, None]


def vocabulary(tokenizer: Tokenizer) -> list[int]:
    """Token ids with a trained row, ascending."""
    words = [*leaves.COLORS, *leaves.GROUPS, *leaves.FILLERS, *leaves.TONES, *EXTRA_WORDS]
    words += [w for ws in (*leaves.SYNONYMS.values(), *leaves.TEXTURE_WORDS.values()) for w in ws]
    words += [w for ws in figures.VOCABULARY.values() for w in ws]
    return sorted({i for w in words for i in tokenizer.encode(w)} | {BOS, EOS, PAD_L, PAD_G})


class DemoModel(nn.Module):
    """Everything that is trained together on top of the frozen autoencoder."""

    def __init__(self, vocab: list[int]):
        super().__init__()
        self.unet_cfg = UnetConfig()
        self.cfg_l = TextConfig(width=16, mlp=64, vocab=len(vocab) + 1)
        self.cfg_g = TextConfig(width=32, mlp=128, vocab=len(vocab) + 1)
        self.unet = Unet(self.unet_cfg)
        self.text_l, self.text_g = TextTowerL(self.cfg_l), TextTowerG(self.cfg_g)
        self.vision = Vision(VisionConfig())
        self.resampler = Resampler(ResamplerConfig())
        self.image_kv = ImageKeysValues(self.unet, self.unet_cfg.context_dim)
        self.vocab = vocab
        self.rows = {token: i + 1 for i, token in enumerate(vocab)}
        self._initialise()

    def _initialise(self) -> None:
        for name, p in self.unet.named_parameters():
            if name.endswith(("out_layers.3.weight", "out.2.weight")):
                nn.init.normal_(p, std=1e-3)
        self.start_conditioning()

    def start_conditioning(self) -> None:
        """(Re)start everything that carries text or image content so that it matters from the first step.

        Attention of the text towers starts as a plain average of the words, the pooled vector as that average.
        The 1536 size values are random in training and say nothing about these pictures; left in, they drown the
        32 pooled values. Their columns of label_emb are zero and stay zero, so any size works alike.
        """
        for tower in (TextTowerL(self.cfg_l), TextTowerG(self.cfg_g)):
            (self.text_l if isinstance(tower, TextTowerL) else self.text_g).load_state_dict(tower.state_dict())
        for embedding in (self.text_l.embeddings["token_embedding"], self.text_g.token_embedding):
            nn.init.normal_(embedding.weight, std=1.0)
            embedding.weight.data[[0, self.rows[BOS], self.rows[EOS], self.rows[PAD_G]]] = 0
            embedding.weight.register_hook(_without_first_row)
        nn.init.normal_(self.text_l.embeddings["position_embedding"].weight, std=0.1)
        nn.init.normal_(self.text_g.positional_embedding, std=0.1)
        for block in self.text_g.transformer["resblocks"]:
            width = self.cfg_g.width
            block.attn.in_proj_weight.data[: 2 * width] *= 0.1
            nn.init.orthogonal_(block.attn.in_proj_weight.data[2 * width:])
            nn.init.orthogonal_(block.attn.out_proj.weight)
        nn.init.eye_(self.text_g.text_projection)
        self.vision.load_state_dict(Vision(VisionConfig()).state_dict())
        nn.init.normal_(self.vision.vision_model.embeddings.position_embedding.weight, std=0.1)
        self.resampler.load_state_dict(Resampler(ResamplerConfig()).state_dict())
        self.image_kv.load_state_dict(ImageKeysValues(self.unet, self.unet_cfg.context_dim).state_dict())
        for module in self.unet.modules():
            if isinstance(module, SpatialTransformer):
                fresh = SpatialTransformer(module.proj_in.in_features, len(module.transformer_blocks), self.unet_cfg)
                module.load_state_dict(fresh.state_dict())
                nn.init.normal_(module.proj_out.weight, std=0.03)
        for layer in (self.unet.label_emb[0][0], self.unet.label_emb[0][2]):
            layer.reset_parameters()
        first, pooled = self.unet.label_emb[0][0], self.cfg_g.width
        nn.init.normal_(first.weight, std=pooled**-0.5)
        nn.init.zeros_(first.bias)
        first.weight.data[:, pooled:] = 0
        mask = (torch.arange(first.in_features) < pooled).float()
        first.weight.register_hook(lambda grad: grad * mask)

    @torch.no_grad()
    def boost_anchor(self, gain: float) -> None:
        """Let level 2, the only level with attention, be heard: amplify it in the output blocks 3 to 6.

        A refiner learns to copy through the skip connections first and mutes the deep path, so that the gradient
        of the anchor (which enters nowhere else) never reaches it.
        """
        for block in list(self.unet.output_blocks)[3:7]:
            deep = self.unet_cfg.model_channels
            block[0].skip_connection.weight[:, :deep] *= gain
            block[0].in_layers[2].weight[:, :deep] *= gain

    def compact(self, ids: list[list[int]]) -> Tensor:
        """Real token ids -> rows of the small embedding tables."""
        return torch.tensor([[self.rows.get(i, 0) for i in row] for row in ids])

    def encode_text(self, tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Context [N, 77, 48] and pooled [N, 32] of captions."""
        ids_l = [tokenizer.pad(t, PAD_L) for t in texts]
        ids_g = [tokenizer.pad(t, PAD_G) for t in texts]
        hidden, pooled = self.text_g(self.compact(ids_g), torch.tensor([row.index(EOS) for row in ids_g]))
        return torch.cat([self.text_l(self.compact(ids_l)), hidden], dim=-1), pooled

    def image_tokens(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [N, 3, 224, 224] (zeros = no picture) -> image tokens [N, 16, 48]."""
        return self.resampler(self.vision(pixels))

    def denoise(self, x: Tensor, sigma: Tensor, context: Tensor, pooled: Tensor, size_ids: Tensor, tokens=None,
                scale=0.0) -> Tensor:
        """D(x, sigma) = x - sigma * eps, [N, 16, h, w]; sigma [N]; tokens None = without adapter."""
        images = None if tokens is None else self.image_kv(self.unet, tokens, scale)
        y = torch.cat([pooled, size_embedding(size_ids)], dim=1)
        s = sigma[:, None, None, None]
        eps = self.unet(x / (s**2 + 1).sqrt(), timestep(sigma), context, y, images)
        return x - s * eps.float()


def _without_first_row(grad: Tensor) -> Tensor:
    grad = grad.clone()
    grad[0] = 0
    return grad


def normalise_pixels(images: Tensor) -> Tensor:
    """[N,3,224,224] in 0..1 -> CLIP pixel_values."""
    return (images - CLIP_MEAN) / CLIP_STD


def load(path: Path) -> DemoModel:
    """A model written by train_denoiser.py."""
    saved = torch.load(path)
    model = DemoModel(saved["vocab"])
    model.load_state_dict(saved["state"])
    return model
