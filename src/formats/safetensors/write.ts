/** A tensor as the header describes it. */
export interface TensorLayout {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly byteLength: number;
}

/** One tensor to be written; `bytes` are little-endian elements of `dtype`. */
export interface TensorToWrite extends Omit<TensorLayout, 'byteLength'> {
  readonly bytes: Uint8Array;
}

/** Serialises tensors as a .safetensors file: 8-byte length, JSON header padded to 8 bytes, contiguous data. */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const begin = safetensorsBegin(
    tensors.map((tensor) => ({ ...tensor, byteLength: tensor.bytes.length })),
    metadata,
  );
  const dataBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  const file = new Uint8Array(begin.length + dataBytes);
  file.set(begin);
  let at = begin.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** What comes before the data, of tensors that follow each other in this order: 8-byte length and JSON header. */
export function safetensorsBegin(
  tensors: readonly TensorLayout[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const json = headerText(tensors, metadata);
  const header = new TextEncoder().encode(json.padEnd(json.length + ((8 - (json.length % 8)) % 8), ' '));
  const begin = new Uint8Array(8 + header.length);
  new DataView(begin.buffer).setBigUint64(0, BigInt(header.length), true);
  begin.set(header, 8);
  return begin;
}

function headerText(tensors: readonly TensorLayout[], metadata: Readonly<Record<string, string>>): string {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let at = 0;
  for (const { name, dtype, dims, byteLength } of tensors) {
    header[name] = { dtype, shape: dims, data_offsets: [at, at + byteLength] };
    at += byteLength;
  }
  return JSON.stringify(header);
}
