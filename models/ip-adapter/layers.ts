import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { ImageAttention } from '../sdxl/unet.ts';
import { crossAttentionLayers, type CrossAttentionLayer, type UnetConfig } from '../sdxl/unet-config.ts';

/** Which cross-attention layer the adapter's matrices number `index` belong to. */
export interface IpAdapterLayer extends CrossAttentionLayer {
  readonly index: number;
  /** Canonical key prefix, `ip_adapter.<index>`. */
  readonly prefix: string;
}

/**
 * The adapter's layers in its own order: down blocks, up blocks, then the middle, with odd indices
 * (spec/sdxl.md E.4; diffusers' registration order, of which the even ones are self-attentions).
 */
export function ipAdapterLayers(unet: UnetConfig): IpAdapterLayer[] {
  const layers = crossAttentionLayers(unet);
  const ordered = (['input', 'output', 'middle'] as const).flatMap((part) =>
    layers.filter((layer) => layer.part === part),
  );
  return ordered.map((layer, i) => ({ ...layer, index: 2 * i + 1, prefix: `ip_adapter.${2 * i + 1}` }));
}

/**
 * Checks that an adapter was made for a UNet of this shape.
 * @throws AppError `model-corrupt` naming the first matrix that does not fit.
 */
export function checkIpAdapterFits(unet: UnetConfig, adapter: ShapeTable, fileName: string): void {
  const misfit = (reason: Sentence) =>
    new AppError('model-corrupt', sentence`"${fileName}" does not fit this checkpoint: ${reason}.`);
  const layers = ipAdapterLayers(unet);
  for (const { prefix, channels } of layers)
    for (const key of [`${prefix}.to_k_ip.weight`, `${prefix}.to_v_ip.weight`]) {
      const dims = adapter.get(key);
      if (!dims) throw misfit(sentence`it has no "${key}"`);
      if (dims[0] !== channels || dims[1] !== unet.contextDim)
        throw misfit(sentence`"${key}" is [${dims.join(', ')}], not [${channels}, ${unet.contextDim}]`);
    }
  const count = [...adapter.keys()].filter((key) => key.endsWith('.to_k_ip.weight')).length;
  if (count !== layers.length)
    throw misfit(sentence`it has ${count} attention layers where the checkpoint has ${layers.length}`);
}

/** How both UNet graphs use an adapter with `tokens` image tokens: all its layers, scaled per block at run time. */
export function imageAttention(unet: UnetConfig, tokens: number): ImageAttention {
  return { tokens, prefixes: new Map(ipAdapterLayers(unet).map(({ name, prefix }) => [name, prefix])) };
}
