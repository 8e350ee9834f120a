import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProto } from 'onnx-buf';
import type { EmittedGraph } from './builder.ts';
import { elementCount, ELEMENT_BYTES, type Dims, type PackingBits } from './dtype.ts';
import { packingBlock } from './ops.ts';

/** Bytes of one graph for one choice of its free axes, before the allocator's own overhead. */
export interface GraphMemory {
  /** All initializers as emitted, tables inside the model included. */
  readonly weightBytes: number;
  readonly largestWeightBytes: number;
  /** The same with the matrices of a plain graph packed as its emission with `linearBits` would have them. */
  readonly packedBytes: Readonly<Record<PackingBits, number>>;
  /** Tensors fed from outside, which stay for the whole run. */
  readonly inputBytes: number;
  /** Most bytes of tensors made by nodes that are allocated at one time, outputs included. */
  readonly peakBytes: number;
  /** Largest tensor made by a node or fed: what one buffer and one binding must hold. */
  readonly largestBytes: number;
}

/** Sizes of the free axes, e.g. `{ N: 1 }`. Axes a Reshape introduces follow from the others. */
export type AxisSizes = Readonly<Record<string, number>>;

/**
 * The WebGPU backend submits after this many dispatches, and a buffer freed before that cannot be used again until then
 * (spec/onnxruntime-web.md §3.5): that, not liveness alone, decides the peak.
 */
const DISPATCHES_PER_SUBMIT = 16;

/** Same memory under another name; no dispatch. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

/**
 * Follows a graph's tensors from the node that makes them to the last one that reads them.
 *
 * Against the runtime's own figures (spec/onnxruntime-web.md §2.4, §3.5) the peak is 0.95 of what the UNet takes when
 * the backend gives buffers back after each submit, and at the upper end of the VAE's. What the other cache modes keep
 * beyond that is in domain/plan/allocator.ts.
 */
export function graphMemory(graph: EmittedGraph, axes: AxisSizes): GraphMemory {
  const model = fromBinary(ModelProtoSchema, graph.model).graph;
  const nodes = model?.node ?? [];
  const tensors = resolveTensors(graph, nodes, axes);
  const constants = (model?.initializer ?? []).reduce((sum, { rawData }) => sum + rawData.length, 0);
  const weights = graph.weights.map(({ dims, dtype }) => elementCount(dims) * ELEMENT_BYTES[dtype]);
  const weightBytes = sum(weights) + constants;
  const inputs = graph.inputs.map(({ name }) => tensors.bytes(name));
  return {
    weightBytes,
    largestWeightBytes: Math.max(0, ...weights),
    packedBytes: {
      8: weightBytes - packingGain(graph, nodes, 8),
      4: weightBytes - packingGain(graph, nodes, 4),
    },
    inputBytes: sum(inputs),
    ...allocated(graph, nodes, tensors, Math.max(0, ...inputs)),
  };
}

/** Bytes of a [out,in] matrix as MatMulNBits: codes, and one scale per block along `in`. */
function packedMatrixBytes(out: number, inner: number, bits: PackingBits, dtype: 'f32' | 'f16'): number {
  const block = packingBlock(bits, out, inner);
  if (block === null) return out * inner * ELEMENT_BYTES[dtype];
  return out * inner * (bits / 8 + ELEMENT_BYTES[dtype] / block);
}

function packingGain(graph: EmittedGraph, nodes: readonly NodeProto[], bits: PackingBits): number {
  const matrices = new Set(nodes.filter(({ opType }) => opType === 'Gemm').map(({ input }) => input[1]));
  return sum(
    graph.weights.map(({ location, dims, dtype }) => {
      if (!matrices.has(location) || (dtype !== 'f32' && dtype !== 'f16')) return 0;
      const [out = 0, inner = 0] = dims;
      return elementCount(dims) * ELEMENT_BYTES[dtype] - packedMatrixBytes(out, inner, bits, dtype);
    }),
  );
}

/** Shapes with every axis known, and which name stands for whose memory. */
class Tensors {
  readonly #sizes = new Map<string, { readonly dims: readonly number[]; readonly bytes: number }>();
  readonly #owners = new Map<string, string>();

  add(name: string, dims: readonly number[], elementBytes: number): void {
    this.#sizes.set(name, { dims, bytes: elementCount(dims) * elementBytes });
  }

  alias(name: string, of: string): void {
    this.#owners.set(name, this.owner(of));
  }

  /** The tensor whose memory `name` is. */
  owner(name: string): string {
    return this.#owners.get(name) ?? name;
  }

  dims(name: string): readonly number[] | undefined {
    return this.#sizes.get(name)?.dims;
  }

  bytes(name: string): number {
    return this.#sizes.get(name)?.bytes ?? 0;
  }
}

function resolveTensors(graph: EmittedGraph, nodes: readonly NodeProto[], axes: AxisSizes): Tensors {
  const tensors = new Tensors();
  for (const { name, dims, dtype } of graph.inputs)
    tensors.add(
      name,
      resolved(dims, (axis) => axes[axis]),
      ELEMENT_BYTES[dtype],
    );
  for (const node of nodes) {
    const [source = ''] = node.input;
    for (const name of node.output) {
      if (ALIASES.has(node.opType)) tensors.alias(name, source);
      const value = graph.values.get(name);
      if (!value) continue;
      const open =
        node.opType === 'Reshape' ? reshapedAxis(value.dims, tensors.dims(source), axes) : undefined;
      const dims = resolved(
        value.dims,
        (axis) => axes[axis] ?? open ?? sharedAxis(axis, node, graph, tensors),
      );
      tensors.add(name, dims, ELEMENT_BYTES[value.dtype]);
    }
  }
  return tensors;
}

function resolved(dims: Dims, sizeOf: (axis: string) => number | undefined): number[] {
  return dims.map((dim) => {
    const length = typeof dim === 'number' ? dim : sizeOf(dim);
    if (length === undefined) throw new RangeError(`the size of axis "${dim}" is not known`);
    return length;
  });
}

/** The one axis of a Reshape that is neither static nor given. */
function reshapedAxis(
  dims: Dims,
  source: readonly number[] | undefined,
  axes: AxisSizes,
): number | undefined {
  if (!source) return undefined;
  const known = dims.map((dim) => (typeof dim === 'number' ? dim : (axes[dim] ?? 1)));
  return elementCount(source) / elementCount(known);
}

/** An axis of the same name in one of the node's inputs. */
function sharedAxis(
  axis: string,
  node: NodeProto,
  graph: EmittedGraph,
  tensors: Tensors,
): number | undefined {
  for (const name of node.input) {
    const at = graph.values.get(name)?.dims.indexOf(axis) ?? -1;
    if (at >= 0) return tensors.dims(name)?.[at];
  }
  return undefined;
}

/** Runs the allocator over the nodes in order. */
function allocated(
  graph: EmittedGraph,
  nodes: readonly NodeProto[],
  tensors: Tensors,
  largestInput: number,
): Pick<GraphMemory, 'peakBytes' | 'largestBytes'> {
  const freedAfter = lastReads(graph, nodes, tensors);
  let [live, pending, dispatches] = [0, 0, 0];
  let [peakBytes, largestBytes] = [0, largestInput];
  nodes.forEach((node, i) => {
    if (!ALIASES.has(node.opType)) {
      const made = node.output.map((name) => tensors.bytes(name));
      live += sum(made);
      largestBytes = Math.max(largestBytes, ...made);
      dispatches++;
    }
    peakBytes = Math.max(peakBytes, live);
    pending += sum((freedAfter.get(i) ?? []).map((name) => tensors.bytes(name)));
    if (dispatches < DISPATCHES_PER_SUBMIT) return;
    live -= pending;
    [pending, dispatches] = [0, 0];
  });
  return { peakBytes, largestBytes };
}

/** Node index -> tensors made by nodes that nothing reads any more. Outputs of the graph are never freed. */
function lastReads(
  graph: EmittedGraph,
  nodes: readonly NodeProto[],
  tensors: Tensors,
): ReadonlyMap<number, readonly string[]> {
  const last = new Map<string, number>();
  nodes.forEach(({ input, output }, i) => {
    for (const name of [...input, ...output]) last.set(tensors.owner(name), i);
  });
  for (const { name } of graph.outputs) last.delete(tensors.owner(name));
  const freed = new Map<number, string[]>();
  for (const [name, i] of last) if (graph.values.has(name)) freed.set(i, [...(freed.get(i) ?? []), name]);
  return freed;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
