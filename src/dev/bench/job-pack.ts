import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ConceptSpec, RefineRequest } from '#domain/job/request.ts';
import { openSafetensors } from '#node/file-source.ts';
import { NOTHING_ELSE, type ModelFiles } from '#pipelines/assemble.ts';
import { DEFAULTS } from '../../app/defaults.ts';

const PACK = 'models/demo';

/** The picture of the benchmark, one of the pack's samples. */
export const SAMPLE = `${PACK}/samples/portrait.png`;

/** Two layers, as the main job has: large areas first, then what lies on them. */
const CONCEPTS = [
  { phrase: 'face', layer: 0 },
  { phrase: 'eye', layer: 1 },
] as const;

interface PackDefaults {
  readonly steps: number;
  readonly cfg: number;
  readonly sampler: RefineRequest['sampling']['sampler'];
  readonly scheduler: RefineRequest['sampling']['scheduler'];
  readonly detailDenoise: number;
  readonly globalDenoise: number;
  readonly threshold?: number;
}

/** The demo pack's weight files; null where it has not been exported. */
export async function packFiles(): Promise<ModelFiles | null> {
  const path = (name: string) => `${PACK}/${name}.safetensors`;
  const open = (name: string) => (existsSync(path(name)) ? openSafetensors(path(name)) : null);
  const checkpoint = await open('checkpoint');
  if (!checkpoint) return null;
  return {
    ...NOTHING_ELSE,
    checkpoint,
    autoencoder: await open('autoencoder'),
    vision: await open('vision'),
    ipAdapter: await open('ip-adapter'),
    sam3: await open('sam3'),
  };
}

/** The main job at the pack's own strengths, with nothing detected yet. */
export async function packRequest(canvasLongSidePx: number): Promise<RefineRequest> {
  const pack = JSON.parse(await readFile(`${PACK}/defaults.json`, 'utf8')) as PackDefaults;
  const { sampler, scheduler, steps, cfg } = pack;
  const { parameters, concept } = DEFAULTS;
  return {
    version: 1,
    detections: [],
    ...parameters,
    concepts: CONCEPTS.map((spec): ConceptSpec => ({
      ...concept,
      ...spec,
      id: spec.phrase,
      denoise: pack.detailDenoise,
      threshold: pack.threshold ?? concept.threshold,
    })),
    sampling: { sampler, scheduler, steps, guidanceScale: cfg },
    global: { ...parameters.global, denoise: pack.globalDenoise },
    output: { canvasLongSidePx, exportLongSidePx: canvasLongSidePx },
  };
}
