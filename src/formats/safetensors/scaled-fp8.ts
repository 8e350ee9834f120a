import type { TensorEntry } from './header.ts';

/** Files of scaled FP8 matrices hold this empty tensor, its type saying which FP8 (spec/sdxl.md H). */
const MARKER = /(^|\.)scaled_fp8$/;
/** Per-layer companions of `<layer>.weight`: what to multiply it by, and a training-time range nothing here reads. */
const COMPANION = /^(.*\.|)scale_(weight|input)$/;
const FP8 = new Set(['F8_E4M3', 'F8_E5M2']);

/** Tensors of a file apart from the scales that belong to them. */
export interface SeparatedTensors {
  /** The tensors that networks read. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Name of an FP8 tensor -> the one-element tensor that scales it. */
  readonly scales: ReadonlyMap<string, TensorEntry>;
}

/**
 * Takes the scales of FP8 matrices and their marker out of a file's list, so that naming, recognition and the check
 * that every tensor is used see a model's own tensors alone. A tensor that only looks like a scale stays.
 */
export function separateScales(all: ReadonlyMap<string, TensorEntry>): SeparatedTensors {
  const tensors = new Map<string, TensorEntry>();
  const scales = new Map<string, TensorEntry>();
  for (const [name, entry] of all) {
    const weight = scaledWeight(name, entry, all);
    if (weight === null) tensors.set(name, entry);
    else if (name.endsWith('scale_weight')) scales.set(weight, entry);
  }
  return { tensors, scales };
}

/** The tensor a companion belongs to, '' for the marker; null for a tensor of its own right. */
function scaledWeight(
  name: string,
  entry: TensorEntry,
  all: ReadonlyMap<string, TensorEntry>,
): string | null {
  if (MARKER.test(name) && FP8.has(entry.dtype)) return '';
  const prefix = COMPANION.exec(name)?.[1];
  if (prefix === undefined || entry.dims.some((dim) => dim !== 1)) return null;
  const weight = `${prefix}weight`;
  return FP8.has(all.get(weight)?.dtype ?? '') ? weight : null;
}
