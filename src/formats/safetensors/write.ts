/** One tensor to be written; `bytes` are little-endian elements of `dtype`. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** Serialises tensors as a .safetensors file: 8-byte length, JSON header padded to 8 bytes, contiguous data. */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const json = headerText(tensors, metadata);
  const header = new TextEncoder().encode(json.padEnd(json.length + ((8 - (json.length % 8)) % 8), ' '));
  const dataBytes = tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  const file = new Uint8Array(8 + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let at = 8 + header.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function headerText(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): string {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let at = 0;
  for (const { name, dtype, dims, bytes } of tensors) {
    header[name] = { dtype, shape: dims, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  return JSON.stringify(header);
}
