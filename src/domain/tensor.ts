/** Numbers on the host with a shape: row-major, last axis contiguous. */
export interface HostTensor<D extends TensorData = TensorData> {
  readonly dims: readonly number[];
  readonly data: D;
}

export type TensorData = Float32Array | Int32Array | BigInt64Array;
/** Row-major float32 values with their dimensions. */
export type FloatTensor = HostTensor<Float32Array>;

/** A tensor of these values, or of zeros. @throws RangeError when the values do not fill the dimensions. */
export function floatTensor(dims: readonly number[], data?: Float32Array): FloatTensor {
  const count = dims.reduce((total, dim) => total * dim, 1);
  if (data && data.length !== count)
    throw new RangeError(`${data.length} values do not fill a [${dims.join(', ')}] tensor`);
  return { dims, data: data ?? new Float32Array(count) };
}

/** One item of the leading (batch) axis, sharing memory with `batch`. */
export function batchItem(batch: FloatTensor, index: number): FloatTensor {
  const dims = batch.dims.slice(1);
  const stride = dims.reduce((total, dim) => total * dim, 1);
  return { dims, data: batch.data.subarray(index * stride, (index + 1) * stride) };
}

/** Stacks equally shaped tensors along a new leading axis. */
export function stack(items: readonly FloatTensor[]): FloatTensor {
  const first = items[0];
  if (!first) throw new RangeError('cannot stack an empty list');
  const result = floatTensor([items.length, ...first.dims]);
  items.forEach((item, i) => result.data.set(item.data, i * first.data.length));
  return result;
}
