/** What one tensor of a LoRA file is within its module. */
export type LoraPart =
  | 'down'
  | 'up'
  | 'mid'
  | 'alpha'
  | 'dora'
  | 'magnitude'
  | 'diff'
  | 'diff_b'
  | `hada_${'w1_a' | 'w1_b' | 'w2_a' | 'w2_b' | 't1' | 't2'}`
  | `lokr_${'w1' | 'w1_a' | 'w1_b' | 'w2' | 'w2_a' | 'w2_b' | 't2'}`;

/** `.lora_A.weight`, `.lora_A.default.weight` (PEFT with the adapter's name in it). */
const ADAPTER = String.raw`(\.(?!weight$)[^.]+)?(\.weight)?$`;

/** Endings of tensor names (spec/sdxl.md G.1, G.2) and the part each one is. */
const ENDINGS: readonly (readonly [RegExp, LoraPart])[] = [
  [new RegExp(String.raw`\.lora_(A|down)${ADAPTER}|\.lora(_linear_layer)?\.down\.weight$`), 'down'],
  [new RegExp(String.raw`\.lora_(B|up)${ADAPTER}|\.lora(_linear_layer)?\.up\.weight$`), 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [new RegExp(String.raw`\.lora_magnitude_vector${ADAPTER}`), 'magnitude'],
  [/\.alpha$/, 'alpha'],
  [/\.dora_scale$/, 'dora'],
  [/\.(diff|w_norm)$/, 'diff'],
  [/\.(diff_b|b_norm)$/, 'diff_b'],
];

/** LyCORIS' factors, whose ending is the part's own name. */
const FACTOR = /\.(hada_(w[12]_[ab]|t[12])|lokr_(w[12](_[ab])?|t2))$/;

/**
 * Splits a tensor's name into its module and its part: `unet.a.b.to_q.lora_A.weight` is `unet.a.b.to_q` and `down`.
 * PEFT's `base_model.model.` and diffusers' attention processors are taken out. Null for any other tensor.
 */
export function splitLoraName(name: string): { readonly stem: string; readonly part: LoraPart } | null {
  const plain = name
    .replace(/(^|\.)base_model\.model\./, '$1')
    .replace(/\.processor\.(to_[a-z]+)_lora\.(down|up)\.weight$/, '.$1.lora.$2.weight');
  const factor = FACTOR.exec(plain);
  if (factor) return { stem: plain.slice(0, factor.index), part: factor[1] as LoraPart };
  for (const [ending, part] of ENDINGS) {
    const match = ending.exec(plain);
    if (match) return { stem: plain.slice(0, match.index), part };
  }
  return null;
}
