import type { ShapeTable } from '../graph/weight-recipe.ts';
import { loraSpellings, type LoraTarget } from './names.ts';
import { withoutTrailingOnes, type LoraDelta, type LoraModule } from './parse.ts';

/** A module of a LoRA file and the canonical path (without `.weight`) of what it changes. */
export interface LoraMatch {
  readonly module: LoraModule;
  readonly path: string;
}

/**
 * The modules that name something of this network and fit it. One that fits only in part (its bias, say) does not
 * match at all.
 * @param shapes the network's tensors by canonical name.
 */
export function matchLora(
  modules: readonly LoraModule[],
  target: LoraTarget,
  shapes: ShapeTable,
): LoraMatch[] {
  const spellings = loraSpellings(target, shapes);
  return modules.flatMap((module): LoraMatch[] => {
    const path = spellings.get(module.stem);
    return path !== undefined && fits(module, path, shapes) ? [{ module, path }] : [];
  });
}

function fits({ delta, bias }: LoraModule, path: string, shapes: ShapeTable): boolean {
  const weightDims = shapes.get(`${path}.weight`);
  const biasDims = shapes.get(`${path}.bias`);
  if (delta && !(weightDims && deltaFits(delta, weightDims))) return false;
  return !bias || biasDims?.[0] === bias.count;
}

function deltaFits({ dims, dora }: LoraDelta, weight: readonly number[]): boolean {
  if (dora && dora.count !== weight[dora.axis === 'row' ? 0 : 1]) return false;
  if (withoutTrailingOnes(dims).join() === withoutTrailingOnes(weight).join()) return true;
  const [out, ...rest] = weight;
  return dims.length === 2 && dims[0] === out && dims[1] === rest.reduce((product, dim) => product * dim, 1);
}
