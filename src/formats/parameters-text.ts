import type { RefineRequest } from '#domain/job/request.ts';
import type { Size } from '#domain/geometry/rect.ts';

/** Names other tools know the samplers and schedulers by. */
const SAMPLER_LABEL = {
  euler: 'Euler',
  euler_ancestral: 'Euler a',
  heun: 'Heun',
  dpmpp_2m: 'DPM++ 2M',
  lcm: 'LCM',
} as const;
const SCHEDULER_LABEL = {
  karras: 'Karras',
  normal: 'Normal',
  sgm_uniform: 'SGM Uniform',
  exponential: 'Exponential',
  simple: 'Simple',
} as const;

/** The `parameters` text A1111 and most galleries read: prompt, negative prompt, one line of settings. */
export function parametersText(request: RefineRequest, size: Size<'canvas'>, checkpoint: string): string {
  const { sampling, global, concepts, scaffold } = request;
  const prompts = [global.prompt, ...concepts.map((concept) => concept.prompt || concept.phrase)];
  const negatives = [global.negative, ...concepts.map((concept) => concept.negative)];
  const settings = [
    `Steps: ${sampling.steps}`,
    `Sampler: ${SAMPLER_LABEL[sampling.sampler]}`,
    `Schedule type: ${SCHEDULER_LABEL[sampling.scheduler]}`,
    `CFG scale: ${sampling.guidanceScale}`,
    `Seed: ${scaffold.seed}`,
    `Size: ${size.width}x${size.height}`,
    `Model: ${checkpoint}`,
    `Denoising strength: ${global.denoise}`,
    'Version: Luna Studio',
  ];
  const lines = [unique(prompts).join(', ')];
  const negative = unique(negatives).join(', ');
  if (negative) lines.push(`Negative prompt: ${negative}`);
  return [...lines, settings.join(', ')].join('\n');
}

/** Texts that say something, each once and on one line. */
function unique(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean))];
}
