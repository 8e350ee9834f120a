/** No kernel binds more than the 128 MiB every WebGPU device grants, whatever this one would allow. */
export const MAX_BINDING_BYTES = 128 * 2 ** 20;

/** What one band of a large picture may take per buffer. */
export const BAND_BYTES = 64 * 2 ** 20;

/** Threads per workgroup of every kernel: rows of pixels, so that neighbours read neighbouring words. */
export const WORKGROUP = { x: 64, y: 2 } as const;

/** Raised to what the adapter has: ONNX Runtime wants these on a device given to it (spec/onnxruntime-web.md §2.1). */
export const RAISED_LIMITS = [
  'maxBindGroups',
  'maxStorageBuffersPerShaderStage',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Asked for where present. Never `subgroups`. */
export const WANTED_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'timestamp-query'];
