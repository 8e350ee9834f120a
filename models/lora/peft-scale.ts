/** Where diffusers keeps its adapters' settings, as JSON, in a file's `__metadata__`. */
export const PEFT_METADATA = 'lora_adapter_metadata';

type Settings = Readonly<Record<string, unknown>>;

/**
 * The scale of a module without `.alpha` of its own (spec/sdxl.md G.2): PEFT's alpha/rank, or alpha/√rank for
 * rank-stabilised LoRA, as the metadata state them; 1 where they say nothing.
 */
export function peftScale(metadata: ReadonlyMap<string, string>, stem: string, rank: number): number {
  const settings = parsed(metadata.get(PEFT_METADATA));
  const component = /^(unet|text_encoder|text_encoder_2)\./.exec(stem)?.[1];
  const of = (name: string): unknown => settings[component ? `${component}.${name}` : name];
  const alpha = patternAlpha(of('alpha_pattern'), stem) ?? of('lora_alpha');
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return 1;
  return alpha / (of('use_rslora') === true ? Math.sqrt(rank) : rank);
}

/** A pattern names a module or the end of its path. PEFT reads them as expressions; a file must not make us do so. */
function patternAlpha(patterns: unknown, stem: string): number | null {
  if (typeof patterns !== 'object' || patterns === null) return null;
  for (const [pattern, alpha] of Object.entries(patterns))
    if ((stem === pattern || stem.endsWith(`.${pattern}`)) && typeof alpha === 'number') return alpha;
  return null;
}

function parsed(text: string | undefined): Settings {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Settings) : {};
  } catch {
    return {};
  }
}
