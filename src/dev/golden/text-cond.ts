import { SdxlPromptEncoder, type PromptIds } from '#inference/prompts.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { openTextTowers } from './text-towers.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** Max abs error of fp32 graphs, README of text_cond. */
const TOLERANCE = 1e-4;

/** Golden text_cond: weighted and chunked prompts, from ids to SDXL's context and pooled vector. */
export async function run(context: GoldenContext): Promise<void> {
  const { dir, config, runtime, report } = context;
  const { clip_l: pathL, clip_g: pathG } = config;
  if (typeof pathL !== 'string' || typeof pathG !== 'string')
    throw new GoldenError('config.json of text_cond does not say where clip_l and clip_g are.');
  const { towers, empty } = await openTextTowers(dir, pathL, pathG);
  const encoder = new SdxlPromptEncoder(runtime, towers, () => []);
  const inputs = await openTensors(dir, 'inputs.safetensors');
  const expected = await openTensors(dir, 'outputs.safetensors');
  try {
    for (const name of caseNames(inputs)) {
      const encoded = await encoder.encodeChunks(await readChunks(inputs, name), empty, 'comfy');
      for (const part of ['context', 'pooled'] as const) {
        const key = `${name}.${part}`;
        report(compare(key, encoded[part], await expected.float(key), TOLERANCE));
      }
    }
  } finally {
    await encoder.release();
  }
}

function caseNames({ names }: SafetensorsFile): string[] {
  return names.filter((name) => name.endsWith('.ids_l')).map((name) => name.slice(0, -'.ids_l'.length));
}

/** `<name>.ids_l`, `.ids_g`, `.weights`, each [chunks,77]. */
export async function readChunks(file: SafetensorsFile, name: string): Promise<PromptIds[]> {
  const l = await file.float(`${name}.ids_l`);
  const g = await file.float(`${name}.ids_g`);
  const weights = await file.float(`${name}.weights`);
  const [chunks, length] = l.dims as [number, number];
  const row = (data: Float32Array, i: number) => [...data.subarray(i * length, (i + 1) * length)];
  return Array.from({ length: chunks }, (_, i) => ({
    l: row(l.data, i),
    g: row(g.data, i),
    weights: row(weights.data, i),
  }));
}
