import type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';
import type { EmittedGraph, Port } from '#models/graph/builder.ts';
import { copyBuffer, readBuffer, tensorBuffer, tensorBytes } from './gpu-tensors.ts';
import { ORT_TYPES } from './ort-tensor.ts';
import type { Ort } from './ort-web.ts';
import type { Feed } from './runtime.ts';

type Feeds = Readonly<Record<string, Feed>>;

/**
 * Outputs of a session whose runs are recorded once and replayed (`enableGraphCapture`, spec/onnxruntime-web.md §2.3):
 * they lie in the same buffers in every run, so that what is to outlive a run is copied out of them.
 */
export class RecordedOutputs {
  readonly #ort: Ort;
  readonly #device: GPUDevice;
  readonly #graph: EmittedGraph;
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Input shapes of the recording. */
  #shapes: string | null = null;

  constructor(ort: Ort, device: GPUDevice, graph: EmittedGraph) {
    this.#ort = ort;
    this.#device = device;
    this.#graph = graph;
  }

  /** Whether the inputs have the shapes of the first run. */
  fits(feeds: Feeds): boolean {
    const shapes = JSON.stringify(this.#graph.inputs.map(({ name }) => feeds[name]?.dims));
    this.#shapes ??= shapes;
    return this.#shapes === shapes;
  }

  /** Tensors for the runtime to write into. */
  fetches(feeds: Feeds): Record<string, Tensor> {
    const axes = freeAxes(this.#graph.inputs, feeds);
    return Object.fromEntries(
      this.#graph.outputs.map((port) => {
        const dims = port.dims.map((dim) => (typeof dim === 'number' ? dim : (axes.get(dim) as number)));
        return [port.name, this.#wrap(this.#buffer(port, dims), port, dims)];
      }),
    );
  }

  #buffer({ name, dtype }: Port, dims: readonly number[]): GPUBuffer {
    const known = this.#buffers.get(name);
    if (known) return known;
    const buffer = tensorBuffer(this.#device, tensorBytes(dims, dtype));
    this.#buffers.set(name, buffer);
    return buffer;
  }

  #wrap(buffer: GPUBuffer, { dtype }: Port, dims: readonly number[], owned = false): Tensor {
    const bytes = tensorBytes(dims, dtype);
    return this.#ort.Tensor.fromGpuBuffer(buffer, {
      dataType: ORT_TYPES[dtype],
      dims,
      download: async () => typedArray(dtype, await readBuffer(this.#device, buffer, bytes)) as never,
      ...(owned && {
        dispose: () => {
          buffer.destroy();
        },
      }),
    }) as Tensor;
  }

  /** The run's outputs, apart from the buffers the next run writes into: on the host, or as copies on the device. */
  async take(
    outputs: InferenceSession.ReturnType,
    kept: ReadonlySet<string>,
  ): Promise<InferenceSession.ReturnType> {
    const taken: Record<string, Tensor> = {};
    for (const port of this.#graph.outputs) {
      const tensor = outputs[port.name] as Tensor;
      if (kept.has(port.name)) taken[port.name] = this.#copy(port, tensor.dims);
      else {
        await tensor.getData(true);
        taken[port.name] = tensor;
      }
    }
    return taken;
  }

  #copy(port: Port, dims: readonly number[]): Tensor {
    const bytes = tensorBytes(dims, port.dtype);
    const buffer = tensorBuffer(this.#device, bytes);
    copyBuffer(this.#device, this.#buffer(port, dims), buffer, bytes);
    return this.#wrap(buffer, port, dims, true);
  }

  release(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }
}

/** What the inputs say about the free axes, such as the batch. */
function freeAxes(inputs: readonly Port[], feeds: Feeds): ReadonlyMap<string, number> {
  const axes = new Map<string, number>();
  for (const { name, dims } of inputs)
    dims.forEach((dim, axis) => {
      const size = feeds[name]?.dims[axis];
      if (typeof dim === 'string' && size !== undefined) axes.set(dim, size);
    });
  return axes;
}

function typedArray(dtype: Port['dtype'], buffer: ArrayBuffer) {
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer);
    case 'f16':
      return new Uint16Array(buffer);
    case 'i32':
      return new Int32Array(buffer);
    case 'i64':
      return new BigInt64Array(buffer);
  }
}
