import { rect, size } from '#domain/geometry/rect.ts';
import { lanczosTable } from '#domain/resample/lanczos-table.ts';
import type { Commands } from '#gpu/commands.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { cropNormalise } from '#gpu/kernels/crop-normalise.ts';
import { lanczosColumns, lanczosRows, packTable } from '#gpu/kernels/lanczos.ts';
import { feather, growColumns, growRows, maskResize } from '#gpu/kernels/mask.ts';
import { noiseResample, scaffold } from '#gpu/kernels/noise.ts';
import { layerPaste } from '#gpu/kernels/layer-paste.ts';
import { WORKGROUP } from '#gpu/limits.ts';

/** Runs inside Chromium: see kernels.ts. 4096² is worked on as the studio does, in bands of rows. */
const WIDTH = 4096;
const ROWS = 1024;
const BANDS = WIDTH / ROWS;
const RUNS = 2;
const MIB = 2 ** 20;

/** One line of the report: how often slower than a copy kernel that reads and writes the same number of bytes. */
export interface KernelRatio {
  readonly name: string;
  readonly mebibytes: number;
  readonly ratio: number;
}

interface Subject {
  readonly name: string;
  /** Bytes read and written for one band. */
  readonly bytes: number;
  encode(commands: Commands): GPUBuffer;
}

const COPY = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;
override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;
@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let at = id.y * ${WIDTH}u + id.x;
  if (at < arrayLength(&result)) { result[at] = source[at]; }
}`;

export async function measureKernels(): Promise<{ adapter: string; kernels: KernelRatio[] }> {
  const gpu = await GpuDevice.request();
  if (!gpu) throw new Error('no WebGPU adapter');
  const kernels: KernelRatio[] = [];
  for (const subject of subjects(gpu)) {
    const ratio = await timeRatio(() => runKernel(gpu, subject), copyRun(gpu, subject.bytes));
    kernels.push({ name: subject.name, mebibytes: (subject.bytes * BANDS) / MIB, ratio });
  }
  gpu.destroy();
  return { adapter: gpu.description, kernels };
}

/** Best time of one over best time of the other, taken in turns so that a busy machine slows both alike. */
async function timeRatio(one: () => Promise<number>, other: () => Promise<number>): Promise<number> {
  await one();
  await other();
  let [best, bestOther] = [Infinity, Infinity];
  for (let i = 0; i < RUNS; i++) {
    best = Math.min(best, await one());
    bestOther = Math.min(bestOther, await other());
  }
  return best / bestOther;
}

async function runKernel(gpu: GpuDevice, subject: Subject): Promise<number> {
  const start = performance.now();
  const encode = (commands: Commands) => {
    for (let band = 1; band < BANDS; band++) subject.encode(commands);
    return subject.encode(commands);
  };
  await gpu.compute(subject.name, encode, new Uint8Array(4));
  return performance.now() - start;
}

/** A copy kernel over `bytes` per band, half of them read and half written; timed like a kernel. */
function copyRun({ device }: GpuDevice, bytes: number): () => Promise<number> {
  const usage = GPUBufferUsage.STORAGE;
  const [source, result] = [0, 1].map(() => device.createBuffer({ size: Math.ceil(bytes / 8) * 4, usage }));
  const module = device.createShaderModule({ code: COPY });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const entries = [source, result].map((buffer, binding) => ({
    binding,
    resource: { buffer: buffer as GPUBuffer },
  }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const rows = Math.ceil(bytes / 8 / WIDTH);
  return async () => {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    for (let band = 0; band < BANDS; band++) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(WIDTH / WORKGROUP.x, Math.ceil(rows / WORKGROUP.y));
      pass.end();
    }
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
}

/** Every kernel on a band of 4096 × 1024, its inputs already on the device. */
function subjects(gpu: GpuDevice): Subject[] {
  const pixels = WIDTH * ROWS;
  const put: Put = (data) => stored(gpu, data);
  const rgba = put(Uint32Array.from({ length: pixels }, (_, i) => Math.imul(i, 2654435761) | 0xff000000));
  return [
    ...resampleSubjects(gpu, rgba),
    ...maskSubjects(put),
    ...noiseSubjects(put),
    ...blendSubjects(put, rgba),
  ];
}

function stored(gpu: GpuDevice, data: Parameters<Put>[0]): GPUBuffer {
  const buffer = gpu.pool.acquire(data.byteLength, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  gpu.device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
  return buffer;
}

function resampleSubjects(gpu: GpuDevice, rgba: GPUBuffer): Subject[] {
  const across = lanczosTable(1024, WIDTH);
  const down = lanczosTable(ROWS / 4, ROWS);
  const [acrossTable, downTable] = [stored(gpu, packTable(across)), stored(gpu, packTable(down))];
  const floats = stored(gpu, new Float32Array((ROWS / 4) * WIDTH * 4).fill(0.5));
  return [
    {
      name: 'resample/lanczos_rows 1024→4096',
      bytes: (ROWS / 4) * (1024 * 4 + WIDTH * 16),
      encode: (commands) =>
        lanczosRows(commands, {
          source: rgba,
          table: acrossTable,
          taps: across.taps,
          sourceWidth: 1024,
          targetWidth: WIDTH,
          rows: ROWS / 4,
        }),
    },
    {
      name: 'resample/lanczos_columns 1024→4096',
      bytes: (ROWS / 4) * WIDTH * 16 + ROWS * WIDTH * 4,
      encode: (commands) =>
        lanczosColumns(commands, {
          source: floats,
          table: downTable,
          taps: down.taps,
          width: WIDTH,
          rows: ROWS,
          firstRow: 0,
          firstSourceRow: 0,
        }),
    },
  ];
}

type Put = (data: Uint32Array | Float32Array | Uint8Array | Int16Array) => GPUBuffer;

function maskSubjects(put: Put): Subject[] {
  const pixels = WIDTH * ROWS;
  const disc = (i: number) =>
    Math.hypot((i % WIDTH) - WIDTH / 2, Math.floor(i / WIDTH) - ROWS / 2) < 400 ? 1 : 0;
  const mask = put(Float32Array.from({ length: pixels }, (_, i) => disc(i)));
  const rowDistance = put(Float32Array.from({ length: pixels }, (_, i) => (disc(i) ? 33 : -33)));
  const small = put(new Uint8Array(1024 * 1024).fill(255));
  const shape = { width: WIDTH, rows: ROWS };
  const area = { x: 0, y: 0, width: WIDTH, height: ROWS };
  const maskSize = size<'image'>(1024, 1024);
  return [
    {
      name: 'mask/resize 1024→4096',
      bytes: 1024 * 256 + pixels * 4,
      encode: (commands) => maskResize(commands, { mask: small, maskSize, canvas: size(WIDTH, WIDTH), area }),
    },
    {
      name: 'mask/grow_rows reach 32',
      bytes: pixels * 8,
      encode: (commands) => growRows(commands, { mask, ...shape, reach: 32 }),
    },
    {
      name: 'mask/grow_columns reach 32',
      bytes: pixels * 8,
      encode: (commands) =>
        growColumns(commands, { source: rowDistance, ...shape, sourceRows: ROWS, firstRow: 0, reach: 32 }),
    },
    {
      name: 'mask/feather',
      bytes: pixels * 8,
      encode: (commands) => feather(commands, { distance: mask, ...shape, growPx: 8, featherPx: 24 }),
    },
  ];
}

function noiseSubjects(put: Put): Subject[] {
  const area = { x: 0, y: 0, width: WIDTH, height: ROWS };
  const source = put(new Float32Array(WIDTH * ROWS).fill(0.5));
  const resampled = (width: number, height: number): Subject => ({
    name: `noise/resample 4096→${width}`,
    bytes: WIDTH * ROWS * 4 + width * ROWS * 8 + width * height * 4,
    encode: (commands) =>
      noiseResample(commands, {
        source,
        channels: 1,
        from: area,
        to: size(width, height),
        seed: 1,
        origin: { x: 0, y: 0 },
      }),
  });
  return [
    {
      name: 'noise/scaffold',
      bytes: WIDTH * ROWS * 4,
      encode: (commands) =>
        scaffold(commands, { spec: { seed: 1, levels: 0, discount: 0 }, area, channels: 1 }),
    },
    resampled(1024, ROWS / 4),
    resampled(1536, (ROWS * 3) / 8),
  ];
}

function blendSubjects(put: Put, rgba: GPUBuffer): Subject[] {
  const pixels = WIDTH * ROWS;
  const area = rect<'canvas'>(0, 0, WIDTH, ROWS);
  const extent = size<'crop'>(WIDTH, ROWS);
  const weight = put(new Float32Array(pixels).fill(0.5));
  const residual = put(new Int16Array(pixels * 3).fill(3000));
  return [
    {
      name: 'layout/crop_normalise',
      bytes: pixels * (4 + 12),
      encode: (commands) =>
        cropNormalise<'canvas'>(commands, {
          source: rgba,
          sourceWidth: WIDTH,
          area,
        }),
    },
    {
      name: 'blend/layer_paste 1:1',
      bytes: pixels * (8 + 4 + 6),
      encode: (commands) => {
        layerPaste(commands, { pixels: rgba, band: area, area, weight, residual, size: extent, gain: 0.5 });
        return commands.scratch(4);
      },
    },
  ];
}
