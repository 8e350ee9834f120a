import { floatTensor, type FloatTensor } from '../tensor.ts';

/** Meaning of a prompt point; the columns of the label one-hot (spec/sam3.md 4.2, 6.4). */
export const POINT_LABELS = ['padding', 'negative', 'positive', 'top-left', 'bottom-right'] as const;
export type PointLabel = (typeof POINT_LABELS)[number];

/** A prompt point in pixels of the picture. */
export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  readonly label: PointLabel;
}

/** A box is its two labelled corners. */
export function boxPoints(x0: number, y0: number, x1: number, y1: number): PromptPoint[] {
  return [
    { x: x0, y: y0, label: 'top-left' },
    { x: x1, y: y1, label: 'bottom-right' },
  ];
}

/**
 * Point codes and labels of a prompt: one padding token is appended whenever there is a point (spec/sam3.md 4.2).
 * `gaussian` is the file's [2,d/2] matrix, the x row first. Returns pe [1,n,d] and label_onehot [1,n,5].
 */
export function pointInputs(
  points: readonly PromptPoint[],
  picture: { readonly width: number; readonly height: number },
  imageSizePx: number,
  gaussian: FloatTensor,
): { readonly pe: FloatTensor; readonly label_onehot: FloatTensor } {
  const tokens = points.length === 0 ? [] : [...points, { x: 0, y: 0, label: 'padding' as const }];
  const width = 2 * (gaussian.dims[1] as number);
  const pe = floatTensor([1, tokens.length, width]);
  const onehot = floatTensor([1, tokens.length, POINT_LABELS.length]);
  tokens.forEach(({ x, y, label }, i) => {
    onehot.data[i * POINT_LABELS.length + POINT_LABELS.indexOf(label)] = 1;
    if (label === 'padding') return;
    const u = (2 * ((x * imageSizePx) / picture.width + 0.5)) / imageSizePx - 1;
    const v = (2 * ((y * imageSizePx) / picture.height + 0.5)) / imageSizePx - 1;
    pe.data.set(fourierCode(u, v, gaussian), i * width);
  });
  return { pe, label_onehot: onehot };
}

/** Codes of the centres of a grid's cells, "KPE": [1,grid²,d]. */
export function gridCode(grid: number, gaussian: FloatTensor): FloatTensor {
  const width = 2 * (gaussian.dims[1] as number);
  const result = floatTensor([1, grid * grid, width]);
  const centre = (i: number) => (2 * (i + 0.5)) / grid - 1;
  for (let y = 0; y < grid; y++)
    for (let x = 0; x < grid; x++)
      result.data.set(fourierCode(centre(x), centre(y), gaussian), (y * grid + x) * width);
  return result;
}

/** [sin φ, cos φ] of φ = 2π(u·Γx + v·Γy), u and v in [−1,1]. */
function fourierCode(u: number, v: number, { dims, data }: FloatTensor): Float32Array {
  const half = dims[1] as number;
  const code = new Float32Array(2 * half);
  for (let i = 0; i < half; i++) {
    const angle = 2 * Math.PI * (u * (data[i] as number) + v * (data[half + i] as number));
    code[i] = Math.sin(angle);
    code[half + i] = Math.cos(angle);
  }
  return code;
}
