import type { SafetensorsFile } from '#formats/safetensors/file.ts';

/**
 * The `luna.config` metadata of a file: what names and shapes cannot say (head counts, latent scale), as our own
 * models record it. Empty for every other file, and for text that is not a JSON object: it is advice, not structure.
 */
export function lunaConfig(file: SafetensorsFile): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(file.header.metadata.get('luna.config') ?? '{}'));
  } catch {
    return {};
  }
}

/** A positive number at `config[path[0]][path[1]]…`; undefined where there is none. */
export function lunaNumber(
  config: Readonly<Record<string, unknown>>,
  ...path: readonly string[]
): number | undefined {
  let value: unknown = config;
  for (const name of path) value = asRecord(value)[name];
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
