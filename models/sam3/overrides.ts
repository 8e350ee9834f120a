import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { Sam3Overrides } from './config.ts';

type Settings = Readonly<Record<string, unknown>>;

/** Key of a .safetensors file's `__metadata__` under which our own models state what shapes cannot tell. */
export const CONFIG_METADATA = 'luna.config';

/**
 * Reads the sizes that shapes cannot tell from a config object: the golden sets' `config.json` (img, heads, glob, nh,
 * th), the demo pack's metadata (image, visionHeads, globalBlocks, detrHeads, textHeads) or its Python dataclass's names.
 * `heads` alone means the ViT's where `nh` stands beside it, else the detector's.
 */
export function sam3Overrides(settings: Settings): Sam3Overrides {
  const inner = settings['sam3'];
  if (typeof inner === 'object' && inner !== null) return sam3Overrides(inner as Settings);
  const golden = 'nh' in settings;
  const result = {
    imageSize: number(settings, 'imageSize', 'image_size', 'image', 'img'),
    vitHeads: number(settings, 'visionHeads', 'vitHeads', 'vit_heads', ...(golden ? ['heads'] : [])),
    globalBlocks: numbers(settings, 'globalBlocks', 'vit_global', 'global_blocks', 'glob'),
    heads: number(settings, 'detrHeads', 'detr_heads', 'nh', ...(golden ? [] : ['heads'])),
    textHeads: number(settings, 'textHeads', 'text_heads', 'th'),
  };
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

/** {@link sam3Overrides} of a weight file's metadata; none when it does not carry ours. */
export function metadataOverrides(metadata: ReadonlyMap<string, string>): Sam3Overrides {
  const text = metadata.get(CONFIG_METADATA);
  if (text === undefined) return {};
  try {
    const settings: unknown = JSON.parse(text);
    if (typeof settings === 'object' && settings !== null) return sam3Overrides(settings as Settings);
  } catch {
    // Falls through to the sentence below: text that is not JSON and JSON that is no object are the same mistake.
  }
  throw new AppError(
    'model-corrupt',
    sentence`The file's "${CONFIG_METADATA}" metadata is not a JSON object.`,
  );
}

function number(settings: Settings, ...names: string[]): number | undefined {
  const value = first(settings, names);
  return typeof value === 'number' ? value : undefined;
}

function numbers(settings: Settings, ...names: string[]): readonly number[] | undefined {
  const value = first(settings, names);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : undefined;
}

function first(settings: Settings, names: readonly string[]): unknown {
  return names.map((name) => settings[name]).find((value) => value !== undefined);
}
