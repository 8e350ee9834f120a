import type { LearntLimit } from './learnt.ts';

/** What is known of the hardware before anything loads. */
export interface DeviceFacts {
  readonly kind: 'gpu' | 'cpu';
  /** Memory of the graphics card, or of the tab where the CPU computes. WebGPU does not tell: asked for or guessed. */
  readonly budgetBytes: number;
  readonly maxBufferBytes: number;
  readonly maxBindingBytes: number;
  readonly shaderF16: boolean;
}

const GIB = 2 ** 30;

/** The desktop, other tabs and our own pixel buffers: a fifth of the card, within these bounds. */
const RESERVE = { share: 0.2, least: 0.75 * GIB, most: 1.5 * GIB } as const;

/** Wasm addresses 4 GiB; the runtime and the picture need some of it. */
const WASM = { addressable: 4 * GIB, reserve: GIB / 2 } as const;

/** A plan stays this far below a peak that is known to fail. */
export const FAILURE_MARGIN = 0.85;

/** Bytes a plan may peak at. What has worked may be used again; what has failed stays out of reach. */
export function usableBytes(
  { kind, budgetBytes }: DeviceFacts,
  { workedBytes, failedBytes }: LearntLimit,
): number {
  const assumed =
    kind === 'cpu'
      ? Math.min(budgetBytes, WASM.addressable) - WASM.reserve
      : budgetBytes - Math.min(Math.max(budgetBytes * RESERVE.share, RESERVE.least), RESERVE.most);
  const trusted = Math.max(0, assumed, workedBytes);
  return failedBytes === null ? trusted : Math.min(trusted, failedBytes * FAILURE_MARGIN);
}
