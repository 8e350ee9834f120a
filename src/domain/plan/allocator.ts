/**
 * What the runtime's buffer allocator takes beyond the tensors themselves: factors on `GraphMemory.peakBytes`, from
 * measurements of the full UNet and VAE (spec/onnxruntime-web.md §2.4, §3.5).
 *
 * - `releasing`: buffers go back after each submit (`lazyRelease`). UNet 1024² in f16: 352 MiB against 335.
 * - `keeping`: buffers are kept for the next run (`bucket`, `simple`, and every recorded step). UNet 1024²: 609 to
 *   703 MiB against 335, 512²: 177 to 195 MiB against 84.
 */
export const ALLOCATOR_FACTOR = { releasing: 1.1, keeping: 2.2 } as const;
