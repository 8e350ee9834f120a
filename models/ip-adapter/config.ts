import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import { tensor, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';

/** The Resampler of "plus" adapters (spec/sdxl.md E.2). */
export interface ResamplerConfig {
  readonly kind: 'plus';
  /** Image tokens it makes. */
  readonly tokens: number;
  /** Width of the image tokens: the UNet's context width. */
  readonly contextDim: number;
  /** Width of the vision tower's hidden states it reads. */
  readonly imageDim: number;
  readonly dim: number;
  readonly innerDim: number;
  readonly heads: number;
  readonly depth: number;
}

/** The linear projection of base adapters: one image embedding in, a few tokens out. */
export interface BaseProjectionConfig {
  readonly kind: 'base';
  readonly tokens: number;
  readonly contextDim: number;
  /** Width of the (projected) image embedding it reads. */
  readonly imageDim: number;
}

/** The two kinds of image projection that adapters have. */
export type IpAdapterConfig = ResamplerConfig | BaseProjectionConfig;

/** Head width of the Resampler in every published file; not recoverable from the weights. */
export const RESAMPLER_HEAD_DIM = 64;

const OTHER_PREFIX = 'adapter_modules.';

/** The adapter's tensors by canonical name: some files say `adapter_modules.` where most say `ip_adapter.`. */
export function ipAdapterView(names: Iterable<string>): ReadonlyMap<string, WeightRecipe> {
  const entries = [...names].map((name): [string, WeightRecipe] => {
    const canonical = name.startsWith(OTHER_PREFIX) ? `ip_adapter.${name.slice(OTHER_PREFIX.length)}` : name;
    return [canonical, tensor(name)];
  });
  return new Map(entries.filter(([name]) => /^(ip_adapter|image_proj)\./.test(name)));
}

/**
 * Reads the adapter's configuration from canonical names and shapes.
 * @throws AppError `model-corrupt` for files that are neither a plus nor a base adapter.
 */
export function readIpAdapterConfig(
  shapes: ShapeTable,
  headDim: number = RESAMPLER_HEAD_DIM,
): IpAdapterConfig {
  const latents = shapes.get('image_proj.latents');
  if (latents) return resamplerConfig(shapes, latents, headDim);
  const projection = shapes.get('image_proj.proj.weight');
  const contextDim = shapes.get('image_proj.norm.weight')?.[0];
  if (!projection || !contextDim)
    throw corrupt(
      sentence`it has neither a Resampler (image_proj.latents) nor a projection (image_proj.proj.weight)`,
    );
  const [rows = 0, imageDim = 0] = projection;
  if (rows % contextDim !== 0)
    throw corrupt(
      sentence`its projection makes ${rows} numbers, which are not whole tokens of ${contextDim}`,
    );
  return { kind: 'base', tokens: rows / contextDim, contextDim, imageDim };
}

function resamplerConfig(shapes: ShapeTable, latents: readonly number[], headDim: number): ResamplerConfig {
  const [, tokens = 0, dim = 0] = latents;
  const size = (key: string, axis: number): number => {
    const found = shapes.get(key)?.[axis];
    if (found === undefined) throw corrupt(sentence`its tensor "${key}" is missing`);
    return found;
  };
  let depth = 0;
  while (shapes.has(`image_proj.layers.${depth}.0.to_q.weight`)) depth++;
  if (depth === 0) throw corrupt(sentence`its Resampler has no layers`);
  const innerDim = size('image_proj.layers.0.0.to_q.weight', 0);
  if (innerDim % headDim !== 0)
    throw corrupt(
      sentence`its Resampler is ${innerDim} wide, which does not divide into heads of ${headDim}`,
    );
  return {
    kind: 'plus',
    tokens,
    contextDim: size('image_proj.proj_out.weight', 0),
    imageDim: size('image_proj.proj_in.weight', 1),
    dim,
    innerDim,
    heads: innerDim / headDim,
    depth,
  };
}

function corrupt(reason: Sentence): AppError {
  return new AppError('model-corrupt', sentence`This IP-Adapter file cannot be used: ${reason}.`);
}
