import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rasterToNchw } from '#domain/resample/crop-normalise.ts';
import { stack } from '#domain/tensor.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { quantiseResidual } from '#domain/blend/residual.ts';
import type { Raster8 } from '#domain/raster.ts';
import { PromptLibrary } from '#pipelines/conditioning.ts';
import { ProgressTracker } from '#pipelines/progress.ts';
import { repaintBatch, type RepaintItem } from '#pipelines/repaint.ts';
import type { Services } from '#pipelines/services.ts';
import { edgeRatio, lanczosCanvas, meanColour, palettePicture, psnr, readPicture } from './pictures.ts';

/** Colours by the words the demo pack's captions use. */
const COLOURS = {
  red: [208, 34, 38],
  green: [44, 152, 58],
  blue: [34, 78, 204],
  yellow: [242, 212, 40],
  purple: [124, 48, 168],
  orange: [238, 128, 24],
  pink: [236, 122, 172],
  teal: [24, 142, 146],
} as const satisfies Record<string, readonly [number, number, number]>;
type Colour = keyof typeof COLOURS;
const NAMES = Object.keys(COLOURS) as Colour[];
const OPPOSITE: Readonly<Record<Colour, Colour>> = {
  red: 'teal',
  teal: 'red',
  green: 'purple',
  purple: 'green',
  blue: 'orange',
  orange: 'blue',
  yellow: 'blue',
  pink: 'green',
};

/** Strength at which prompts and anchors are measured; the default is too gentle to recolour on purpose. */
const STRONG = 0.6;

export interface HeldOut {
  readonly sharp: Raster8<'image'>;
  readonly canvas: Raster8<'canvas'>;
}

export async function readHeldOut(folder: string, count: number): Promise<HeldOut[]> {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { file: string }[];
  return Promise.all(
    index.slice(0, count).map(async ({ file }) => {
      const sharp = await readPicture(join(folder, file));
      return { sharp, canvas: lanczosCanvas(sharp) };
    }),
  );
}

interface Painting {
  readonly denoise: number;
  readonly prompt?: string;
  readonly anchor?: Raster8<'image'>;
  readonly anchorScale?: number;
  readonly seed: number;
}

/** Re-paints a whole small canvas through the product's own batch routine and residual paste. */
async function repaint(
  services: Services,
  request: RefineRequest,
  canvas: Raster8<'canvas'>,
  painting: Painting,
): Promise<Raster8<'canvas'>> {
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  const tracker = new ProgressTracker({}, context);
  const { prompt = '', denoise, seed, anchorScale = 0.5 } = painting;
  const area = { x: 0, y: 0, width: canvas.width, height: canvas.height };
  const job = {
    request: { ...request, scaffold: { ...request.scaffold, seed } },
    services,
    prompts: await PromptLibrary.encode([prompt, ''], 'comfy', services.prompts, tracker),
    tracker,
    context,
  };
  const item = { label: 'held-out', area, sizePx: canvas.width, denoise, prompt, negative: '' };
  const anchor = painting.anchor && (await anchorTo(services, painting.anchor));
  const anchored = { ...item, anchorScale: anchor ? anchorScale : 0, ...(anchor && { anchor }) };
  const [painted] = await repaintBatch(job, canvas, [anchored], 'detail');
  const result = { ...canvas, data: canvas.data.slice() };
  const everywhere = {
    width: canvas.width,
    height: canvas.height,
    data: new Float32Array(canvas.width * canvas.height).fill(1),
  };
  if (painted) {
    const residual = quantiseResidual(painted.refined, painted.base);
    await services.pixels.pasteLayers(result, area, [{ area, weight: everywhere, gain: 1, residual }]);
  }
  return result;
}

/** The tokens of a picture of one's own as a job's item carries them. */
async function anchorTo({ anchors }: Services, picture: Raster8<'image'>): Promise<RepaintItem['anchor']> {
  if (!anchors) throw new Error('the demo pack has no anchor encoder');
  const positive = await anchors.encode(rasterToNchw(picture));
  return { positive, negative: await anchors.unconditional() };
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** PSNR of decode(encode(picture)) on the upscaled and on the sharp pictures, dB. */
export async function autoencoderFigures({ codec }: Services, pictures: readonly HeldOut[]) {
  const roundTrip = async (picture: Raster8) => {
    const decoded = await codec.decode(await codec.encode(stack([rasterToNchw(picture)])));
    const plane = picture.width * picture.height;
    const data = new Uint8ClampedArray(plane * 4).fill(255);
    for (let i = 0; i < plane; i++)
      for (let c = 0; c < 3; c++) data[i * 4 + c] = 255 * (decoded.data[c * plane + i] as number);
    return psnr({ ...picture, data }, picture);
  };
  const upscaled: number[] = [];
  const sharp: number[] = [];
  for (const picture of pictures) {
    upscaled.push(await roundTrip(picture.canvas));
    sharp.push(await roundTrip(picture.sharp));
  }
  return { upscaled: average(upscaled), sharp: average(sharp) };
}

/** Refinement at the pack's own strength: PSNR against the sharp picture beside plain Lanczos, and edge sharpness. */
export async function refineFigures(
  services: Services,
  request: RefineRequest,
  pictures: readonly HeldOut[],
  denoise: number,
) {
  const plain: number[] = [];
  const refined: number[] = [];
  const edges: number[] = [];
  for (const [seed, { sharp, canvas }] of pictures.entries()) {
    const result = await repaint(services, request, canvas, { denoise, seed });
    plain.push(psnr(canvas, sharp));
    refined.push(psnr(result, sharp));
    edges.push(edgeRatio(result, canvas, sharp));
  }
  return { lanczos: average(plain), refined: average(refined), edgeRatio: average(edges) };
}

/** How far a change of mean colour points at a named colour, brightness left out. */
function toward(from: readonly number[], to: readonly number[], colour: Colour): number {
  const change = to.map((value, c) => value - (from[c] as number));
  const grey = average(change);
  const target = COLOURS[colour];
  const centred = target.map((value) => value - average(target));
  const length = Math.hypot(...centred);
  return change.reduce((sum, value, c) => sum + ((value - grey) * (centred[c] as number)) / length, 0);
}

export interface Steering {
  /** Share of cases in which the mean colour moves towards the named colour. */
  readonly share: number;
  /** Mean movement, in units of full scale. */
  readonly shift: number;
}

/** Prompt "red" against its opposite colour, in every held-out picture with two colours each. */
export async function promptFigures(
  services: Services,
  request: RefineRequest,
  pictures: readonly HeldOut[],
): Promise<Steering> {
  const shifts: number[] = [];
  for (const [seed, { canvas }] of pictures.entries())
    for (const colour of [NAMES[seed % 8], NAMES[(seed + 3) % 8]] as Colour[]) {
      const paint = (prompt: string) => repaint(services, request, canvas, { denoise: STRONG, prompt, seed });
      shifts.push(toward(meanColour(await paint(OPPOSITE[colour])), meanColour(await paint(colour)), colour));
    }
  return steering(shifts);
}

/** The same for image anchors: a palette picture of one colour against one of the opposite. */
export async function anchorFigures(
  services: Services,
  request: RefineRequest,
  pictures: readonly HeldOut[],
): Promise<Steering> {
  const shifts: number[] = [];
  for (const [seed, { canvas }] of pictures.entries()) {
    const colour = NAMES[seed % 8] as Colour;
    const paint = (name: Colour) =>
      repaint(services, request, canvas, {
        denoise: STRONG,
        anchor: palettePicture(COLOURS[name]),
        anchorScale: 1,
        seed,
      });
    shifts.push(toward(meanColour(await paint(OPPOSITE[colour])), meanColour(await paint(colour)), colour));
  }
  return steering(shifts);
}

function steering(shifts: readonly number[]): Steering {
  return { share: average(shifts.map((shift) => (shift > 0 ? 1 : 0))), shift: average(shifts) };
}
