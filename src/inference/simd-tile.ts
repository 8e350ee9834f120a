/**
 * The innermost loop of a matrix product in WebAssembly SIMD: four rows times eight columns at a time, about five times
 * what scalar code reaches. The module is small enough to be written down here, instruction by instruction
 * (WebAssembly 2.0, binary format, sections 5.4 and 5.5).
 */

/** Rows and columns of a tile. */
export const TILE_ROWS = 4;
export const TILE_COLUMNS = 8;

/** The compiled module with the memory its operands lie in. */
export interface SimdTiles {
  readonly memory: WebAssembly.Memory;
  /**
   * out [4, 8·panels] = a · b, in float32; arguments are byte addresses in `memory`.
   * @param a four rows interleaved: [inner, 4].
   * @param b `panels` panels one after the other, each [inner, 8].
   * @param outRowBytes distance of two rows of `out`.
   */
  multiply(a: number, b: number, out: number, inner: number, panels: number, outRowBytes: number): void;
}

/** A fresh instance with its own memory; null where the platform has no SIMD or forbids compiling. */
export function simdTiles(): SimdTiles | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
    return exports as unknown as SimdTiles;
  } catch {
    return null;
  }
}

type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;
const LANE = 4;
const VECTOR = 16;

/** Unsigned LEB128. */
function uint(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...uint(value >>> 7)];
}

const sized = (bytes: Code): Code => [...uint(bytes.length), ...bytes];
const list = (items: readonly Code[]): Code => [...uint(items.length), ...items.flat()];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(list(items))];
const name = (text: string): Code => sized([...new TextEncoder().encode(text)]);

const get = (local: number): Code => [0x20, ...uint(local)];
const set = (local: number, value: Code): Code => [...value, 0x21, ...uint(local)];
const constant = (value: number): Code => [0x41, value];
const add = (x: Code, y: Code): Code => [...x, ...y, 0x6a];
const subtract = (x: Code, y: Code): Code => [...x, ...y, 0x6b];
const multiply = (x: Code, y: Code): Code => [...x, ...y, 0x6c];
/** Counts a local down and repeats its body until it is zero. */
const countdown = (local: number, body: Code): Code => [
  ...[0x03, VOID],
  ...body,
  ...set(local, subtract(get(local), constant(1))),
  ...get(local),
  ...[0x0d, 0x00, 0x0b],
];

const simd = (code: number): Code => [0xfd, ...uint(code)];
const load = (address: Code, offset: number): Code => [...address, ...simd(0x00), 2, offset];
const loadSplat = (address: Code, offset: number): Code => [...address, ...simd(0x09), 2, offset];
const store = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...simd(0x0b),
  ...[2, offset],
];
const zero: Code = [...simd(0x0c), ...new Array<number>(VECTOR).fill(0)];
const addVectors = (x: Code, y: Code): Code => [...x, ...y, ...simd(0xe4)];
const multiplyVectors = (x: Code, y: Code): Code => [...x, ...y, ...simd(0xe6)];

const [A, B, OUT, INNER, PANELS, OUT_ROW] = [0, 1, 2, 3, 4, 5];
const [K, AT, SUMS] = [6, 7, 8];
const [B_LEFT, B_RIGHT, FACTOR] = [SUMS + 8, SUMS + 9, SUMS + 10];
const ROWS = [0, 1, 2, 3];

/** Both halves of a row's sums. */
const left = (row: number): number => SUMS + 2 * row;
const right = (row: number): number => left(row) + 1;

const clearSums: Code = ROWS.flatMap((row) => [...set(left(row), zero), ...set(right(row), zero)]);

const addOuterProduct: Code = [
  ...set(B_LEFT, load(get(B), 0)),
  ...set(B_RIGHT, load(get(B), VECTOR)),
  ...ROWS.flatMap((row) => [
    ...set(FACTOR, loadSplat(get(AT), row * LANE)),
    ...set(left(row), addVectors(get(left(row)), multiplyVectors(get(FACTOR), get(B_LEFT)))),
    ...set(right(row), addVectors(get(right(row)), multiplyVectors(get(FACTOR), get(B_RIGHT)))),
  ]),
  ...set(AT, add(get(AT), constant(TILE_ROWS * LANE))),
  ...set(B, add(get(B), constant(TILE_COLUMNS * LANE))),
];

const storeSums: Code = ROWS.flatMap((row) => {
  const address = add(get(OUT), multiply(get(OUT_ROW), constant(row)));
  return [...store(address, 0, get(left(row))), ...store(address, VECTOR, get(right(row)))];
});

const body: Code = countdown(PANELS, [
  ...clearSums,
  ...set(AT, get(A)),
  ...set(K, get(INNER)),
  ...countdown(K, addOuterProduct),
  ...storeSums,
  ...set(OUT, add(get(OUT), constant(TILE_COLUMNS * LANE))),
]);

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const locals = list([
    [2, I32],
    [11, V128],
  ]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...list([[I32], [I32], [I32], [I32], [I32], [I32]]), 0]]),
    ...section(3, [[0]]),
    ...section(5, [[0, 1]]),
    ...section(7, [
      [...name('memory'), 2, 0],
      [...name('multiply'), 0, 0],
    ]),
    ...section(10, [sized([...locals, ...body, 0x0b])]),
  ]);
}
