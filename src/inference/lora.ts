import { matchLora } from '#models/lora/match.ts';
import type { LoraTarget } from '#models/lora/names.ts';
import { parseLora, type ParsedLora } from '#models/lora/parse.ts';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { patchBias, patchWeight, type LoraPatch } from './lora-module.ts';
import { Mutex } from './mutex.ts';
import { rowsOfWhole, type WeightSource } from './weights.ts';

/** One LoRA of a stack. Strength 0 changes nothing, 1 is as trained, negative takes away. */
export interface LoraStackItem {
  readonly file: SafetensorsFile;
  readonly strength: number;
}

/** The networks of a checkpoint by canonical tensor name; null where there is none. */
export interface LoraTargets {
  readonly unet: ShapeTable;
  readonly clipL: ShapeTable | null;
  readonly clipG: ShapeTable | null;
}

/**
 * A network's weights with LoRAs merged in, one after the other in the order of the stack (spec/sdxl.md G).
 *
 * Touched tensors are computed in float32 when they are read, one at a time, and nothing is kept; all others pass
 * through as they lie in the file. Modules that do not match are left out: see {@link unmatchedLoraKeys}.
 * @param base under canonical names (`unetWeights`, a text tower's weights).
 * @throws AppError `model-corrupt` for a LoRA whose tensors contradict each other (also on reading, when they hold NaN),
 *   `bad-request` for a strength that is no number.
 */
export function mergeLoras(
  base: WeightSource,
  target: LoraTarget,
  stack: readonly LoraStackItem[],
): WeightSource {
  const active = stack.filter(isActive);
  const patches = collectPatches(base.shapes, target, active);
  if (patches.size === 0) return base;
  const oneAtATime = new Mutex();
  const float: WeightSource['float'] = (key) => {
    const own = patches.get(key);
    return own ? oneAtATime.run(() => merged(base, key, own)) : base.float(key);
  };
  const mergedRows = rowsOfWhole({ float });
  return {
    shapes: base.shapes,
    name: [base.name, ...active.map(({ file }) => file.source.name)].join(' + '),
    float,
    rows: (key, begin, end) => (patches.has(key) ? mergedRows(key, begin, end) : base.rows(key, begin, end)),
    stored: (key, range) => (patches.has(key) ? Promise.resolve(null) : base.stored(key, range)),
  };
}

/**
 * What of a LoRA file applies to none of the targets: modules that match no name or do not fit, by the name they have
 * in the file, and tensors of no known form.
 * @throws AppError `model-corrupt` when the tensors of a module contradict each other.
 */
export function unmatchedLoraKeys(file: SafetensorsFile, targets: LoraTargets): string[] {
  const { modules, strays } = parsed(file);
  const matched = new Set<string>();
  for (const [target, shapes] of targetShapes(targets))
    for (const { module } of matchLora(modules, target, shapes)) matched.add(module.stem);
  return [...modules.map(({ stem }) => stem).filter((stem) => !matched.has(stem)), ...strays];
}

function targetShapes({ unet, clipL, clipG }: LoraTargets): [LoraTarget, ShapeTable][] {
  const text: [LoraTarget, ShapeTable | null][] = [
    ['clip-l', clipL],
    ['clip-g', clipG],
  ];
  return [
    ['unet', unet],
    ...text.flatMap(([target, shapes]): [LoraTarget, ShapeTable][] => (shapes ? [[target, shapes]] : [])),
  ];
}

function isActive({ file, strength }: LoraStackItem): boolean {
  if (!Number.isFinite(strength))
    throw new AppError(
      'bad-request',
      sentence`The strength of the LoRA "${file.source.name}" is ${strength}; it must be a number.`,
    );
  return strength !== 0;
}

/** Tensors that LoRAs touch, by canonical key, with what happens to them in order. */
type Patches = ReadonlyMap<string, readonly LoraPatch[]>;

function collectPatches(shapes: ShapeTable, target: LoraTarget, stack: readonly LoraStackItem[]): Patches {
  const patches = new Map<string, LoraPatch[]>();
  for (const { file, strength } of stack)
    for (const { module, path } of matchLora(parsed(file).modules, target, shapes))
      for (const part of [module.delta && 'weight', module.bias && 'bias'])
        if (part) add(patches, `${path}.${part}`, { file, module, strength });
  return patches;
}

function add(patches: Map<string, LoraPatch[]>, key: string, patch: LoraPatch): void {
  const earlier = patches.get(key);
  if (earlier) earlier.push(patch);
  else patches.set(key, [patch]);
}

async function merged(base: WeightSource, key: string, patches: readonly LoraPatch[]): Promise<FloatTensor> {
  const { dims, data } = await base.float(key);
  // The base may hand out a view of the file's own bytes.
  const weight = floatTensor(dims, data.slice());
  for (const patch of patches)
    await (key.endsWith('.bias') ? patchBias(weight.data, patch) : patchWeight(weight, patch));
  return weight;
}

function parsed(file: SafetensorsFile): ParsedLora {
  const shapes = file.shapes;
  return parseLora(shapes, file.source.name);
}
