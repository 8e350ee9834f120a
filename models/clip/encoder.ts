import { attention, type AttentionForm } from '../graph/attention.ts';
import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add, gelu, layerNorm, linearAt, quickGelu } from '../graph/ops.ts';
import type { ClipEncoderConfig } from './config.ts';

/** How one layer attends. */
export interface ClipLayerOptions {
  readonly attention: AttentionForm;
  /** Additive attention bias [1,1,T,T]; the causal mask of text towers. */
  readonly bias?: Value;
}

/**
 * One pre-LN transformer layer, x [N,T,width] -> [N,T,width] (spec/sdxl.md C.1, D; LN eps 1e-5).
 * @param prefix `text_model.encoder.layers.3`.
 */
export function clipLayer(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  config: ClipEncoderConfig,
  options: ClipLayerOptions,
): Value {
  const attended = add(
    g,
    x,
    selfAttention(g, layerNorm(g, x, `${prefix}.layer_norm1`), prefix, config, options),
  );
  const hidden = linearAt(g, layerNorm(g, attended, `${prefix}.layer_norm2`), `${prefix}.mlp.fc1`);
  const active = config.activation === 'gelu' ? gelu(g, hidden) : quickGelu(g, hidden);
  return add(g, attended, linearAt(g, active, `${prefix}.mlp.fc2`));
}

function selfAttention(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  { heads }: ClipEncoderConfig,
  { attention: form, bias }: ClipLayerOptions,
): Value {
  const at = (part: string) => linearAt(g, x, `${prefix}.self_attn.${part}_proj`);
  const mixed = attention(g, at('q'), at('k'), at('v'), { heads, form, ...(bias && { bias }) });
  return linearAt(g, mixed, `${prefix}.self_attn.out_proj`);
}
