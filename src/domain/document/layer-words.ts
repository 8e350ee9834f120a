import { sentence, type Words } from '../job/sentence.ts';
import type { Layer } from './layer.ts';

/** What a layer is called in a sentence; a tile that nobody has named goes by its number. */
export function layerWords({ name, weight }: Pick<Layer, 'name' | 'weight'>): Words {
  return name === '' && weight.kind === 'tile' ? sentence`tile ${weight.index + 1}` : name;
}
