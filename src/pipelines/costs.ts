import { ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { graphMemory, type AxisSizes, type GraphMemory } from '#models/graph/memory.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { clipTextGraph } from '#models/clip/text.ts';
import { clipVisionGraph } from '#models/clip/vision.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { gridOf, type Sam3Config } from '#models/sam3/config.ts';
import { sam3Graph } from '#models/sam3/graphs.ts';
import { taesdDecoderGraph, taesdEncoderGraph } from '#models/sdxl/taesd.ts';
import { unetConditioningGraph, unetStepGraph } from '#models/sdxl/unet.ts';
import { vaeConfig, vaeDecoderGraph, vaeEncoderGraph } from '#models/sdxl/vae.ts';
import { LATENT_PX } from '#domain/geometry/rect.ts';
import {
  CODEC_TILES,
  CROP_SIZES,
  type CodecTilePx,
  type CropPx,
  type ModelCosts,
  type PhaseCost,
} from '#domain/plan/costs.ts';
import type { AnchorProjection } from '#inference/anchors.ts';
import type { UnetModel } from '#inference/denoiser-session.ts';
import type { TextTower, TextTowers } from '#inference/prompts-towers.ts';
import type { EmissionOptions } from '#inference/runtime.ts';
import type { Sam3Model } from '#inference/segmenter-model.ts';
import type { VisionTower } from '#inference/vision.ts';
import { mergedWeights, type WeightSource } from '#inference/weights.ts';

/** The networks of a selection as assembling recognises them; reading their headers is all it takes. */
export interface NetworkFacts {
  readonly unet: UnetModel;
  readonly text: TextTowers;
  readonly codec: {
    readonly kind: 'vae' | 'taesd';
    readonly weights: WeightSource;
    /** Of the VAE. Default f32 (spec/sdxl.md B.2). */
    readonly dtype?: 'f32' | 'f16';
  };
  readonly anchor: { readonly vision: VisionTower; readonly projection: AnchorProjection } | null;
  readonly sam3: Sam3Model | null;
}

type Emission = Pick<EmissionOptions, 'dtype' | 'attention'>;

/** Tokens of one prompt chunk, the usual length of a conditioning. */
const CHUNK_TOKENS = 77;
/** Objects of one picture whose masks are computed together: every query SAM 3 has. */
const MASKED_QUERIES = 200;
/** Examples of one prompt; more are rare. */
const EXAMPLE_BOXES = 8;

/**
 * Builds the graphs a job would load, once each, and adds up their bytes. Some tenths of a second at full size, so
 * the caller keeps the result with the selection.
 * @param emission of the device the plan is for; `linearBits` plays no part: both packings are counted.
 */
export function modelCosts(facts: NetworkFacts, emission: Emission): ModelCosts {
  const { dtype, attention } = emission;
  return {
    dtype,
    segment: facts.sam3 && segmentCost(facts.sam3, { dtype, attention }),
    text: textCost(facts.text, { dtype, attention }),
    anchor: facts.anchor && anchorCost(facts.anchor, { dtype, attention }),
    conditioning: conditioningCost(facts.unet, { dtype, attention }),
    step: byCrop((px) => stepCost(facts.unet, px, { dtype, attention })),
    codec: codecCosts(facts.codec, dtype),
  };
}

function byCrop<T>(of: (px: CropPx) => T): Record<CropPx, T> {
  return Object.fromEntries(CROP_SIZES.map((px) => [px, of(px)])) as Record<CropPx, T>;
}

/** Graphs that are loaded together and run one after the other. */
function phaseCost(memories: readonly GraphMemory[]): PhaseCost {
  const total = (of: (memory: GraphMemory) => number) =>
    memories.reduce((sum, memory) => sum + of(memory), 0);
  const most = (of: (memory: GraphMemory) => number) => Math.max(0, ...memories.map(of));
  return {
    weightBytes: {
      plain: total(({ weightBytes }) => weightBytes),
      bits8: total(({ packedBytes }) => packedBytes[8]),
      bits4: total(({ packedBytes }) => packedBytes[4]),
    },
    runBytes: most(({ inputBytes, peakBytes }) => inputBytes + peakBytes),
    feedBytes: most(({ inputBytes }) => inputBytes),
    largestBytes: most(({ largestBytes }) => largestBytes),
    largestWeightBytes: most(({ largestWeightBytes }) => largestWeightBytes),
  };
}

const measured = (graph: EmittedGraph, axes: AxisSizes = { N: 1 }) => graphMemory(graph, axes);

function stepCost({ config, weights, adapter }: UnetModel, cropPx: CropPx, emission: Emission): PhaseCost {
  const side = cropPx / LATENT_PX;
  const image = adapter?.attention;
  const graph = unetStepGraph(unetWeightShapes(weights, adapter), config, {
    ...emission,
    height: side,
    width: side,
    tokens: CHUNK_TOKENS,
    ...(image && { image }),
  });
  return phaseCost([measured(graph)]);
}

function conditioningCost({ config, weights, adapter }: UnetModel, { dtype }: Emission): PhaseCost {
  const image = adapter?.attention;
  const graph = unetConditioningGraph(unetWeightShapes(weights, adapter), config, {
    dtype,
    tokens: CHUNK_TOKENS,
    ...(image && { image }),
  });
  return phaseCost([measured(graph)]);
}

function unetWeightShapes(weights: WeightSource, adapter: UnetModel['adapter']) {
  return adapter ? mergedWeights([weights, adapter.weights]).shapes : weights.shapes;
}

function textCost({ l, g }: TextTowers, emission: Emission): PhaseCost {
  const tower = ({ weights, config }: TextTower, outputs: readonly ('penultimate' | 'pooled')[]) =>
    measured(clipTextGraph(weights.shapes, config, { ...emission, outputs }));
  return phaseCost([tower(l, ['penultimate']), tower(g, ['penultimate', 'pooled'])]);
}

function anchorCost(
  { vision, projection }: NonNullable<NetworkFacts['anchor']>,
  emission: Emission,
): PhaseCost {
  const output = projection.config.kind === 'plus' ? 'penultimate' : 'image_embeds';
  const visionTokens = vision.config.tokens;
  return phaseCost([
    measured(clipVisionGraph(vision.weights.shapes, vision.config, { ...emission, outputs: [output] })),
    measured(
      imageProjectionGraph(projection.weights.shapes, projection.config, { ...emission, visionTokens }),
    ),
  ]);
}

/** The graphs that answer phrases and examples, and with a predictor clicks: they share a device and stay there. */
function segmentCost({ weights, config }: Sam3Model, emission: Emission): PhaseCost {
  const { context, tracker, roi } = config;
  const boxes = { N: EXAMPLE_BOXES, boxRows: roi * EXAMPLE_BOXES, tokens: EXAMPLE_BOXES + 1 };
  const prompt = { n: context, T: context + 6, L: context + EXAMPLE_BOXES + 1 };
  const axes = { ...boxes, ...prompt, K: MASKED_QUERIES };
  const detector = ['text', 'geometry', 'geometry+boxes', 'grounding', 'maskhead'] as const;
  const names = tracker
    ? (['vision+tracker', ...detector, 'pvs', 'pvs+mask'] as const)
    : (['vision', ...detector] as const);
  const cost = phaseCost(
    names.map((name) => measured(sam3Graph(name, weights.shapes, config, emission), axes)),
  );
  return { ...cost, runBytes: cost.runBytes + predictorFeatureBytes(config, emission) };
}

/** What a picture's features for clicks take while the detector runs, which does not read them (spec/sam3.md 4.1). */
function predictorFeatureBytes(config: Sam3Config, { dtype }: Emission): number {
  if (!config.tracker) return 0;
  const [s0, s1, image] = [(4 * 4) / 8, (2 * 2) / 4, 1];
  return (s0 + s1 + image) * config.d * gridOf(config) ** 2 * ELEMENT_BYTES[dtype];
}

function codecCosts({ kind, weights, dtype = 'f32' }: NetworkFacts['codec'], emitted: 'f32' | 'f16') {
  const cost = (px: number) =>
    kind === 'vae' ? vaeCost(weights, px, dtype) : taesdCost(weights, px, emitted);
  const tiles = (of: (tile: CodecTilePx) => PhaseCost) =>
    Object.fromEntries(CODEC_TILES.map((tile) => [tile, of(tile)])) as Record<CodecTilePx, PhaseCost>;
  if (kind === 'vae') {
    const byTile = tiles(cost);
    return byCrop(() => byTile);
  }
  // TAESD takes pictures in one piece.
  return byCrop((px) => {
    const whole = cost(px);
    return tiles(() => whole);
  });
}

function vaeCost({ shapes }: WeightSource, px: number, dtype: 'f32' | 'f16'): PhaseCost {
  const config = vaeConfig(shapes);
  const side = px / LATENT_PX;
  return phaseCost([
    measured(vaeEncoderGraph(shapes, config, { height: px, width: px, outputs: ['mean'], dtype })),
    measured(vaeDecoderGraph(shapes, config, { height: side, width: side, dtype })),
  ]);
}

function taesdCost({ shapes }: WeightSource, px: number, dtype: 'f32' | 'f16'): PhaseCost {
  const side = px / LATENT_PX;
  return phaseCost([
    measured(taesdEncoderGraph(shapes, { height: px, width: px, dtype })),
    measured(taesdDecoderGraph(shapes, { height: side, width: side, dtype })),
  ]);
}
