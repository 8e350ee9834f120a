import { sam3Config, type Sam3Config, type Sam3Overrides } from '#models/sam3/config.ts';
import { sam3KeyShapes, sameShape } from '#models/sam3/key-table.ts';
import { sam3Names } from '#models/sam3/names.ts';
import { metadataOverrides } from '#models/sam3/overrides.ts';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { fileWeights, type WeightSource } from './weights.ts';

/** A SAM 3 weight file, under canonical names, with its sizes. */
export interface Sam3Model {
  readonly weights: WeightSource;
  readonly config: Sam3Config;
}

/**
 * Opens a SAM 3 file of either naming. What shapes cannot tell comes from `overrides`, else from the file's own
 * metadata, else from the real model's rules.
 * @throws AppError `model-corrupt` when the file is no SAM 3 detector or lacks tensors; says which.
 */
export function sam3Model(file: SafetensorsFile, overrides: Sam3Overrides = {}): Sam3Model {
  const name = file.source.name;
  const shapes = file.shapes;
  const names = sam3Names(shapes);
  if (!names)
    throw new AppError(
      'model-corrupt',
      sentence`"${name}" is not a SAM 3 file: it has no detector decoder under any known name.`,
    );
  const known = { ...metadataOverrides(file.header.metadata), ...overrides };
  const config = sam3Config(names.shapes, known, names.naming !== 'sam3.1');
  checkShapes(name, names.shapes, config);
  return { weights: fileWeights(file, names.view), config };
}

function checkShapes(file: string, shapes: ShapeTable, config: Sam3Config): void {
  const expected = [...sam3KeyShapes(config)];
  const absent = expected.filter(([key]) => !shapes.has(key));
  if (absent.length > 0)
    throw new AppError(
      'model-corrupt',
      sentence`"${file}" is an incomplete SAM 3 file: ${absent.length} tensors are missing, first "${absent[0]?.[0] ?? ''}".`,
    );
  const [wrong] = expected.filter(([key, dims]) => !sameShape(shapes.get(key), dims));
  if (!wrong) return;
  const [key, dims] = wrong;
  throw new AppError(
    'model-corrupt',
    sentence`"${file}" does not fit together: its tensor "${key}" is [${shapes.get(key)?.join(', ') ?? ''}] where the others need [${dims.join(', ')}].`,
  );
}
