import { GraphBuilder, type EmittedGraph } from '../graph/builder.ts';
import type { Precision } from '../graph/dtype.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { Sam3Config } from './config.ts';
import { emitGeometry } from './geometry.ts';
import { emitGrounding, emitMaskHead } from './grounding.ts';
import type { Sam3Emission } from './layers.ts';
import { emitPvs } from './pvs.ts';
import { emitText } from './text.ts';
import { emitVision } from './vision.ts';

/** How a graph is emitted: precision, form of attention, extra outputs. */
export interface Sam3GraphOptions extends Sam3Emission, Precision {
  /** Extra outputs that only goldens read. */
  readonly probes?: boolean;
}

/** Emits one SAM 3 graph: detector and interactive parts, split by how often they run (spec/sam3.md 6.4). */
export type Sam3GraphName =
  | 'vision'
  | 'vision+tracker'
  | 'text'
  | 'geometry'
  | 'geometry+boxes'
  | 'grounding'
  | 'maskhead'
  | 'pvs'
  | 'pvs+mask';

type Emit = (g: GraphBuilder, config: Sam3Config, options: Sam3GraphOptions) => void;

const EMITTERS: Readonly<Record<Sam3GraphName, Emit>> = {
  vision: emitVision,
  'vision+tracker': (g, config, options) => emitVision(g, config, { ...options, tracker: true }),
  text: emitText,
  geometry: (g, config, options) => emitGeometry(g, config, { ...options, boxes: false }),
  'geometry+boxes': (g, config, options) => emitGeometry(g, config, { ...options, boxes: true }),
  grounding: emitGrounding,
  maskhead: emitMaskHead,
  pvs: (g, config, options) => emitPvs(g, config, { ...options, maskInput: false }),
  'pvs+mask': (g, config, options) => emitPvs(g, config, { ...options, maskInput: true }),
};

/** What the concept detector runs on. */
export const DETECTOR_GRAPHS: readonly Sam3GraphName[] = [
  'vision',
  'text',
  'geometry',
  'geometry+boxes',
  'grounding',
  'maskhead',
];
/** What the interactive predictor runs on besides. */
export const TRACKER_GRAPHS: readonly Sam3GraphName[] = ['vision+tracker', 'pvs', 'pvs+mask'];

/** One graph of SAM 3, finished. Ports and shapes: the emitter of that part. */
export function sam3Graph(
  name: Sam3GraphName,
  shapes: ShapeTable,
  config: Sam3Config,
  options: Sam3GraphOptions,
): EmittedGraph {
  const g = new GraphBuilder(`SAM 3 ${name}`, shapes, options.dtype, options.linearBits);
  EMITTERS[name](g, config, options);
  return g.build();
}
