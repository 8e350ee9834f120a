import { readFile } from 'node:fs/promises';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { assembleNetworks, networkFacts, NOTHING_ELSE } from '#pipelines/assemble.ts';
import type { Services } from '#pipelines/services.ts';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { DEFAULTS } from '../app/defaults.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { Sam3Networks } from '#inference/segmenter-networks.ts';
import { clickFigures } from './eval/click-figures.ts';
import { detectionFigures } from './eval/detection-figures.ts';
import {
  anchorFigures,
  autoencoderFigures,
  promptFigures,
  readHeldOut,
  refineFigures,
} from './eval/refine-figures.ts';

/**
 * `npm run eval:demo [-- pictures]`: what the demo pack can do, measured through the product's own networks and
 * pipelines on held-out pictures. The definitions are in models/demo/training/README.md.
 */
const PACK = 'models/demo';
const DRAWINGS = 'tests/fixtures/heldout-drawings';
const count = Number(process.argv[2] ?? 16);

interface DemoDefaults {
  readonly steps: number;
  readonly cfg: number;
  readonly sampler: RefineRequest['sampling']['sampler'];
  readonly scheduler: RefineRequest['sampling']['scheduler'];
  readonly detailDenoise: number;
  readonly globalDenoise: number;
  readonly threshold?: number;
}

const defaults = JSON.parse(await readFile(`${PACK}/defaults.json`, 'utf8')) as DemoDefaults;
const services = await demoServices();
const request = demoRequest(defaults);
const pictures = await readHeldOut('tests/fixtures/heldout-leaves', count);

const codec = await autoencoderFigures(services, pictures);
print('autoencoder, 4×-upscaled pictures', `${codec.upscaled.toFixed(2)} dB`, codec.upscaled >= 28);
print('autoencoder, sharp pictures', `${codec.sharp.toFixed(2)} dB`);

for (const [pass, denoise] of Object.entries({
  detail: defaults.detailDenoise,
  global: defaults.globalDenoise,
})) {
  const refined = await refineFigures(services, request, pictures, denoise);
  print(
    `${pass} at ${denoise}, against the sharp picture`,
    `${refined.refined.toFixed(2)} dB (Lanczos ${refined.lanczos.toFixed(2)} dB)`,
    refined.lanczos - refined.refined <= 1.5,
  );
  print(`${pass}: edge sharpness over Lanczos`, refined.edgeRatio.toFixed(3), refined.edgeRatio > 1.05);
}

const prompt = await promptFigures(services, request, pictures);
print(
  'prompt moves colour the named way',
  `${percent(prompt.share)}, mean ${prompt.shift.toFixed(4)}`,
  prompt.share >= 0.8,
);
const anchor = await anchorFigures(services, request, pictures);
print(
  'anchor moves colour the named way',
  `${percent(anchor.share)}, mean ${anchor.shift.toFixed(4)}`,
  anchor.share >= 0.8,
);

if (services.segmenter) {
  const threshold = defaults.threshold ?? DEFAULTS.concept.threshold;
  const found = await detectionFigures(services.segmenter, DRAWINGS, threshold);
  print(`SAM 3 mask IoU at threshold ${threshold}`, found.meanIou.toFixed(3), found.meanIou >= 0.6);
  for (const [concept, iou] of Object.entries(found.perConcept)) print(`  ${concept}`, iou.toFixed(2));
  print('found where absent', percent(found.falseOnAbsent));
}

const predictor = new Sam3Networks(
  new OrtNodeRuntime(),
  sam3Model(await openSafetensors(`${PACK}/sam3.safetensors`)),
);
const clicks = await clickFigures(predictor, DRAWINGS);
print('SAM 3 mask IoU after one click', clicks.click.toFixed(3));
print('  the best of its three answers', clicks.bestOfThree.toFixed(3), clicks.bestOfThree >= 0.6);
print('  after two corrections', clicks.corrected.toFixed(3), clicks.corrected >= clicks.click);
print('SAM 3 mask IoU of a box', clicks.box.toFixed(3), clicks.box >= 0.6);

async function demoServices(): Promise<Services> {
  const open = (name: string) => openSafetensors(`${PACK}/${name}.safetensors`);
  const files = {
    ...NOTHING_ELSE,
    checkpoint: await open('checkpoint'),
    autoencoder: await open('autoencoder'),
    vision: await open('vision'),
    ipAdapter: await open('ip-adapter'),
    sam3: await open('sam3'),
  };
  const networks = assembleNetworks(new OrtNodeRuntime(), networkFacts(files), SMALL_MODELS_PLAN);
  return { pixels: new CpuPixelOps(), batchBudgetBytes: 2 ** 30, ...networks };
}

function demoRequest({ sampler, scheduler, steps, cfg }: DemoDefaults): RefineRequest {
  const sampling = { sampler, scheduler, steps, guidanceScale: cfg };
  return { version: 1, concepts: [], detections: [], ...DEFAULTS.parameters, sampling };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function print(what: string, figure: string, reached?: boolean): void {
  const verdict = reached === undefined ? '' : reached ? '  (goal reached)' : '  (below its goal)';
  console.log(`${what.padEnd(48)} ${figure}${verdict}`);
}
