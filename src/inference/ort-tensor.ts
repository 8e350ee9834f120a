import type { Tensor, TypedTensor } from 'onnxruntime-common';
import { toFloat32 } from '#formats/safetensors/convert.ts';
import { encodeFloat16 } from '#formats/safetensors/float16.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { PortType } from '#models/graph/dtype.ts';
import type { HostTensor } from '#domain/tensor.ts';
import type { NetTensor } from './runtime.ts';

export type OrtType = 'float32' | 'float16' | 'int32' | 'int64';
type OrtData = Float32Array | Uint16Array | Int32Array | BigInt64Array;

/** The part of onnxruntime-common this module constructs tensors with; node and web bring the same class. */
export type TensorFactory = new (type: OrtType, data: OrtData, dims: readonly number[]) => Tensor;

/** onnxruntime's names of the types graph ports have. */
export const ORT_TYPES: Readonly<Record<PortType, OrtType>> = {
  f32: 'float32',
  f16: 'float16',
  i32: 'int32',
  i64: 'int64',
};

/** Converts a host tensor to the element type the graph's input has. */
export function toOrtTensor(factory: TensorFactory, value: HostTensor, dtype: PortType): Tensor {
  return new factory(ORT_TYPES[dtype], ortData(value, dtype), value.dims);
}

/** A host tensor's values as the array onnxruntime holds that type in. */
export function ortData({ data }: HostTensor, dtype: PortType): OrtData {
  switch (dtype) {
    case 'f32':
      return floats(data);
    case 'f16':
      return encodeFloat16(floats(data));
    case 'i32':
      return data instanceof Int32Array ? data : Int32Array.from(data, Number);
    case 'i64':
      return data instanceof BigInt64Array ? data : bigints(data);
  }
}

function floats(data: HostTensor['data']): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('expected floating-point values');
  return data;
}

function bigints(data: Float32Array | Int32Array): BigInt64Array {
  return BigInt64Array.from(Array.from(data, (value) => BigInt(value)));
}

/** A session output as a {@link NetTensor}. `tensor` is exposed so that it can be fed to another session unread. */
export class OrtNetTensor implements NetTensor {
  readonly tensor: Tensor;
  readonly #onDispose: (() => void) | undefined;

  constructor(tensor: Tensor, onDispose?: () => void) {
    this.tensor = tensor;
    this.#onDispose = onDispose;
  }

  get dims(): readonly number[] {
    return this.tensor.dims;
  }

  async read(): Promise<HostTensor> {
    const data = await this.tensor.getData();
    if (data instanceof Float32Array || data instanceof Int32Array || data instanceof BigInt64Array)
      return { dims: this.dims, data };
    if (this.tensor.type === 'float16') {
      const view = data as Uint16Array;
      const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
      return { dims: this.dims, data: toFloat32(bytes, 'F16') };
    }
    throw new TypeError(`cannot read a tensor of type ${(this.tensor as TypedTensor<'float32'>).type}`);
  }

  /** Frees the tensor; doing so again does nothing. */
  dispose(): void {
    this.tensor.dispose();
    this.#onDispose?.();
  }
}

/** Element type of each declared input, by name. */
export function inputTypes(graph: EmittedGraph): ReadonlyMap<string, PortType> {
  return new Map(graph.inputs.map((port) => [port.name, port.dtype]));
}
