import type { GraphBuilder } from '../graph/builder.ts';
import { add, gelu, layerNorm, linearAt } from '../graph/ops.ts';
import type { Sam3Config } from './config.ts';
import { DETECTOR, mha, type Sam3Emission } from './layers.ts';

const TEXT = `${DETECTOR}.text_encoder.text_model`;

/** Read by the host, row by row, instead of by the graph (spec/sam3.md 6.2-9). */
export const TOKEN_TABLE = `${TEXT}.embeddings.token_embedding.weight`;
/** Key of the position embeddings [context, width]. */
export const TEXT_POSITIONS = `${TEXT}.embeddings.position_embedding.weight`;

/** Additive mask value: zero weight after softmax in fp32 and in fp16. */
export const MASKED = -6e4;

/**
 * Text encoder at the prompt's true length n (spec/sam3.md 2.3, 6.2-8): token_embeds [1,n,width] (token rows plus
 * position rows), causal [1,1,n,n] (0, and {@link MASKED} above the diagonal) -> text_features [1,n,d].
 */
export function emitText(g: GraphBuilder, config: Sam3Config, { attention }: Sam3Emission): void {
  let x = g.input('token_embeds', [1, 'n', config.textWidth]);
  const bias = g.input('causal', [1, 1, 'n', 'n']);
  for (let i = 0; i < config.textLayers; i++) {
    const prefix = `${TEXT}.encoder.layers.${i}`;
    const y = layerNorm(g, x, `${prefix}.layer_norm1`);
    const options = { heads: config.textHeads, attention, bias, out: 'out_proj' as const };
    x = add(g, x, mha(g, `${prefix}.self_attn`, y, y, y, options));
    const hidden = gelu(g, linearAt(g, layerNorm(g, x, `${prefix}.layer_norm2`), `${prefix}.mlp.fc1`));
    x = add(g, x, linearAt(g, hidden, `${prefix}.mlp.fc2`));
  }
  const normed = layerNorm(g, x, `${TEXT}.final_layer_norm`);
  g.output('text_features', linearAt(g, normed, `${DETECTOR}.text_projection`));
}
