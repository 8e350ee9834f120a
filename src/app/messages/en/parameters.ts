import type {
  AnchorPreset,
  PromptSyntax,
  SamplerName,
  SchedulerName,
  SelectionMode,
} from '#domain/job/request.ts';
import { wordsOf } from '../words.ts';
import { text } from '../parameter-text.ts';

const { percent } = wordsOf('en');

const anchorPresets: Readonly<Record<AnchorPreset, string>> = {
  all: 'Everything',
  style: 'Style',
  composition: 'Composition',
  'style+composition': 'Both',
};

const selections: Readonly<Record<SelectionMode, string>> = {
  all: 'All',
  largest: 'Largest',
  center: 'Most central',
  first: 'Best score',
};

const samplers: Readonly<Record<SamplerName, string>> = {
  euler: 'Euler',
  euler_ancestral: 'Euler ancestral',
  heun: 'Heun',
  dpmpp_2m: 'DPM++ 2M',
  lcm: 'LCM',
};

const schedulers: Readonly<Record<SchedulerName, string>> = {
  karras: 'Karras',
  normal: 'Normal',
  sgm_uniform: 'SGM uniform',
  exponential: 'Exponential',
  simple: 'Simple',
};

const promptSyntaxes: Readonly<Record<PromptSyntax, string>> = { comfy: 'ComfyUI', a1111: 'A1111' };

export const parameters = {
  sections: {
    find: 'What to find',
    detail: 'Detections',
    global: 'Whole picture',
    tiles: 'Tiles',
    anchor: 'Image anchor',
    sampling: 'Sampling',
    noise: 'Noise',
  },
  phrase: text('Look for', 'The phrase SAM 3 searches for. A noun works best.'),
  prompt: text('Paint', 'Refinement prompt for these crops. Empty: the phrase itself.'),
  promptPlaceholder: 'Same as the phrase',
  negative: text('Avoid', 'Negative prompt: what the crops must not become.'),
  denoise: text(
    'Strength',
    'How far the picture may change: 0 leaves it, 1 paints anew. Jargon: denoise, img2img strength.',
  ),
  anchor: text(
    'Keep the look',
    'How strongly colours and identity follow the original. Jargon: IP-Adapter scale.',
  ),
  anchorPreset: text(
    'Keep',
    'Which blocks of the UNet hear the anchor: its style, its composition or everything. Jargon: IP-Adapter weight type.',
  ),
  anchorStart: text('From', 'Share of the steps after which the anchor begins to act; 0 is the noisiest.'),
  anchorEnd: text('Until', 'Share of the steps after which the anchor lets go.'),
  layer: text('Layer', 'Lower layers are finished first; eyes go above the face they belong to.'),
  selection: text('Tick after detecting', 'Which of the found objects are ticked for refinement.'),
  maxObjects: text(
    'At most',
    'Objects kept per concept: those of the best score, or the largest where the list is in order of size.',
  ),
  threshold: text(
    'Threshold',
    'Detections score sigmoid(logit) · sigmoid(presence); those above this are kept.',
  ),
  canvasSize: text(
    'Canvas',
    'Long side of the canvas the networks paint on, pixels. Snaps to multiples of 8.',
  ),
  exportSize: text(
    'Export',
    'Long side of the saved PNG, pixels. Smaller than the canvas: scaled down with Lanczos.',
  ),
  detailEnabled: text(
    'Refine detections',
    'Each ticked detection is cropped 1:1 and re-painted. Jargon: detail pass.',
  ),
  padding: text('Context', 'How much of the surroundings each crop sees, as a share of its longer side.'),
  grow: text('Grow mask', 'Grows (+) or shrinks (−) each mask before blending, canvas pixels.'),
  feather: text('Feather', 'Width of the soft edge around each mask, a smoothstep ramp, canvas pixels.'),
  globalEnabled: text(
    'Refine the whole picture',
    'Overlapping tiles polish everything. Jargon: global pass.',
  ),
  globalDenoise: text('Strength', 'How far the tiles may change the picture. Jargon: denoise.'),
  refinedFactor: text(
    'Inside refined areas',
    'The strength is multiplied by this where detections were refined. Jargon: differential denoise.',
  ),
  globalPrompt: text('Paint', 'Prompt for every tile. Empty is fine for polishing.'),
  globalNegative: text('Avoid', 'Negative prompt for every tile.'),
  tile: text('Tile size', 'Larger tiles see more context and need more memory.'),
  overlap: text('Overlap', 'Pixels shared by neighbouring tiles; hides seams.'),
  sampler: text('Sampler', 'The method that walks from noise to picture.'),
  scheduler: text('Schedule', 'How the noise levels (sigmas) are spaced.'),
  steps: text('Steps', 'Model calls per crop or tile, whatever the strength (ComfyUI’s rule).'),
  guidance: text('Prompt strictness', 'How literally prompts are taken. Jargon: CFG, guidance scale.'),
  seed: text('Seed', 'The same seed gives the same noise, and so the same picture.'),
  randomSeed: 'New random seed',
  octaves: text('Octaves', 'Extra coarse layers in the noise field; 0 is plain white noise.'),
  discount: text('Octave weight', 'Weight of each octave relative to the one below it.'),
  statistics: 'Measured noise',
  mean: 'mean',
  neighbours: 'neighbours x / y',
  promptSyntax: text('Prompt syntax', 'How (weights:1.2) in prompts are read.'),
  batchLimit: text(
    'Batch',
    'Most crops or tiles in one network call. Changes speed and memory, never the result.',
  ),
  sigma: (sigma: string) => `σ ${sigma}`,
  presence: (percentage: number) => `Presence ${percent(percentage / 100)}`,
  px: 'px',
  percent: '%',
  percentRange: (start: number, end: number) => `${start}–${percent(end / 100)}`,
  anchorPresets,
  selections,
  samplers,
  schedulers,
  promptSyntaxes,
};
