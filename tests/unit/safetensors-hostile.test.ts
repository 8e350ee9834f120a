import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { memorySource, type ByteSource } from '#formats/byte-source.ts';
import { readSafetensorsHeader, type SafetensorsHeader } from '#formats/safetensors/header.ts';

/** Rules and named vectors of spec/reliability-ux.md S1. */
const MEBIBYTE = 1024 * 1024;
/** A refusal may take this many times what JSON.parse needs for a large good header in the same run. */
const PATIENCE = 15;

function fileOf(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array<ArrayBuffer> {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const EMPTY_TENSOR = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
const emptyTensors = (count: number) => `{${entries((i) => `"t${i}":${EMPTY_TENSOR}`, count)}}`;

function entries(entry: (index: number) => string, count: number): string {
  return Array.from({ length: count }, (_, i) => entry(i)).join(',');
}

/** Processor time, which other work on the machine does not lengthen. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function durationMs(work: () => unknown): number {
  const begin = processorMs();
  work();
  return processorMs() - begin;
}

let referenceMs = 0;
beforeAll(() => {
  const header = emptyTensors(100_000);
  referenceMs = Math.min(...[1, 2, 3].map(() => durationMs(() => JSON.parse(header))));
});

const source = (bytes: Uint8Array<ArrayBuffer>) => memorySource(bytes, 'hostile.safetensors');

/** Reads and expects a sentence, not a crash: quickly, naming the file, short enough to be shown. */
async function refusal(from: ByteSource): Promise<string> {
  const begin = processorMs();
  const error = await readSafetensorsHeader(from).then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  expect(processorMs() - begin).toBeLessThan(PATIENCE * referenceMs);
  expect(error).toBeInstanceOf(AppError);
  const { code, message } = error as AppError;
  expect(code).toBe('bad-file');
  expect(message).toContain('"hostile.safetensors"');
  expect(message.length).toBeLessThan(400);
  // eslint-disable-next-line no-control-regex -- the point of the check
  expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
  return message;
}

const tensor = (fields: string) => `{"a":{${fields}}}`;
const whole = (shape: string, offsets: string, dtype = '"F32"') =>
  tensor(`"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}`);

describe('lengths that lie', () => {
  it.each([
    ['2^64 - 1', 2n ** 64n - 1n],
    ['2^63', 2n ** 63n],
    ['2^53 + 1', 2n ** 53n + 1n],
    ['one byte past the end', 3n],
  ])('%s', async (_, claimed) => {
    expect(await refusal(source(fileOf('{}', 0, claimed)))).toMatch(/header claims/);
  });

  it('more than the cap, in a file that is long enough', async () => {
    const head = fileOf('', 0, BigInt(17 * MEBIBYTE));
    const long = { name: 'hostile.safetensors', size: 2 ** 40, read: () => Promise.resolve(head) };
    expect(await refusal(long)).toMatch(/more than any model needs/);
  });

  it.each([0, 1, 7, 8, 9])('a file of %d bytes', async (length) => {
    expect(await refusal(source(new Uint8Array(length)))).toMatch(/too short|JSON object/);
  });

  it('a file that became shorter while it was read', async () => {
    const good = fileOf(whole('[1]', '[0,4]'), 4);
    for (const left of [0, 4, 8, 20]) {
      const shrunk = {
        ...source(good),
        read: (begin: number, end: number) => Promise.resolve(good.slice(begin, Math.min(end, left))),
      };
      expect(await refusal(shrunk)).toMatch(/ends inside its header/);
    }
  });

  it('every truncation of a good file', async () => {
    const good = fileOf(whole('[2]', '[0,8]'), 8);
    for (let length = 0; length < good.length; length++) await refusal(source(good.slice(0, length)));
  });
});

describe('files that are two things at once', () => {
  it.each([
    ['a zip behind the last tensor', fileOf(whole('[1]', '[0,4]'), 4 + 22), /26 bytes|22 bytes follow/],
    ['a byte-order mark before the header', fileOf(`\ufeff${whole('[1]', '[0,4]')}`, 4), /JSON object/],
    ['a space before the header', fileOf(` ${whole('[1]', '[0,4]')}`, 4), /JSON object/],
    ['a second object', fileOf(`${whole('[1]', '[0,4]')}{}`, 4), /not valid JSON/],
    ['NUL padding', fileOf(`${whole('[1]', '[0,4]')}\0`, 4), /not valid JSON/],
    ['text that is not UTF-8', fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22), 4), /UTF-8/],
    ['a name twice, once escaped', fileOf('{"a":{},"\\u0061":{}}'), /"a" twice/],
    ['a field twice', fileOf(tensor('"dtype":"F32","dtype":"F16"')), /"dtype" twice/],
    ['metadata twice', fileOf('{"__metadata__":{},"__metadata__":{}}'), /twice/],
    ['a comment', fileOf(`${whole('[1]', '[0,4]')}//`, 4), /not valid JSON/],
    ['an unfinished string', fileOf('{"a'), /not valid JSON/],
    ['a raw line break in a string', fileOf('{"a\n":1}'), /not valid JSON/],
    ['a broken escape', fileOf('{"\\x":1}'), /not valid JSON/],
  ])('%s', async (_, bytes, reason) => {
    expect(await refusal(source(bytes))).toMatch(reason);
  });
});

describe('tensors that lie', () => {
  it.each([
    [
      'a shape that overflows 2^64',
      whole('[4194305,4194305,211106198978564]', '[0,8]'),
      8,
      /data_offsets span 8/,
    ],
    ['dimensions above 2^53', whole('[9007199254740993]', '[0,4]'), 4, /no valid shape/],
    ['a dimension with a fraction of 0', whole('[1.0]', '[0,4]'), 4, /no valid shape/],
    ['a dimension with an exponent', whole('[1e0]', '[0,4]'), 4, /no valid shape/],
    ['minus zero', whole('[-0]', '[0,0]'), 0, /no valid shape/],
    ['a dimension without end', whole('[1e999]', '[0,4]'), 4, /no valid shape/],
    ['nine axes', whole('[1,1,1,1,1,1,1,1,1]', '[0,4]'), 4, /9 axes/],
    ['one offset', whole('[1]', '[4]'), 4, /data_offsets/],
    ['three offsets', whole('[1]', '[0,4,4]'), 4, /data_offsets/],
    ['offsets backwards', whole('[1]', '[4,0]'), 4, /data_offsets/],
    ['offsets as text', whole('[1]', '["0","4"]'), 4, /no valid data_offsets/],
    ['no shape', tensor('"dtype":"F32","data_offsets":[0,4]'), 4, /no valid shape/],
    ['a shape that is an object', whole('{"0":1}', '[0,4]'), 4, /no valid shape/],
    ['a type every object has', whole('[1]', '[0,4]', '"toString"'), 4, /unknown type/],
    ['a type called __proto__', whole('[1]', '[0,4]', '"__proto__"'), 4, /unknown type/],
    ['a type that is a number', whole('[1]', '[0,4]', '7'), 4, /unknown type/],
    ['an entry that is a list', '{"a":[]}', 0, /not an object/],
    ['an entry that is null', '{"a":null}', 0, /not an object/],
    ['metadata that is a list', `{"__metadata__":[],"a":{}}`, 0, /__metadata__/],
    ['nested metadata', `{"__metadata__":{"a":{"b":"c"}},"a":{}}`, 0, /metadata field/],
    ['a hole of one byte', whole('[1]', '[1,5]'), 5, /hole/],
    ['two tensors in one place', `{"a":${inner(0, 4)},"b":${inner(0, 4)}}`, 4, /overlaps/],
  ])('%s', async (_, header, dataBytes, reason) => {
    expect(await refusal(source(fileOf(header, dataBytes)))).toMatch(reason);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', ''])(
    'a tensor called "%s" is one like others',
    async (name) => {
      const { tensors } = await readSafetensorsHeader(source(fileOf(`{"${name}":${inner(0, 4)}}`, 4)));
      expect(tensors.get(name)).toMatchObject({ dtype: 'F32', dims: [1] });
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );
});

function inner(begin: number, end: number): string {
  return `{"dtype":"F32","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`;
}

describe('bombs', () => {
  const repeated = (text: string) => text.repeat(Math.floor((15 * MEBIBYTE) / text.length));

  it.each([
    ['one name of 15 MiB', () => `{"${repeated('a')}":1}`],
    ['one name of 15 MiB in escapes', () => `{"${repeated('\\u0061')}":1}`],
    ['one name of 15 MiB without end', () => `{"${repeated('a')}`],
    ['a type of 15 MiB', () => whole('[1]', '[0,4]', `"${repeated('F')}"`)],
    ['a number of 15 MiB', () => whole(`[${repeated('9')}]`, '[0,4]')],
    ['a shape of millions of axes', () => whole(`[${repeated('1,')}1]`, '[0,4]')],
    ['deep lists', () => repeated('[')],
    ['deep objects', () => repeated('{"a":')],
    ['millions of tiny entries', () => `{${entries((i) => `"${i.toString(36)}":0`, 1_400_000)}}`],
    ['millions of fields in one entry', () => tensor(entries((i) => `"${i.toString(36)}":0`, 1_400_000))],
    ['15 MiB of spaces', () => `{${repeated(' ')}`],
    ['control and direction marks in a name', () => '{"\\u0007\\u202egnp.exe":1}'],
  ])('%s', async (_, header) => {
    await refusal(source(fileOf(header(), 4)));
  });

  it('a header with 100,000 tensors is read, one more is refused', async () => {
    const { tensors } = await readSafetensorsHeader(source(fileOf(emptyTensors(100_000))));
    expect(tensors.size).toBe(100_000);
    expect(await refusal(source(fileOf(emptyTensors(100_001))))).toMatch(/limit/);
  });
});

describe('any input', () => {
  /** What every accepted header keeps: tensors inside the file, side by side, without gaps, of the size they say. */
  function expectSound({ tensors }: SafetensorsHeader, size: number): void {
    const sorted = [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
    for (const [i, { begin, end }] of sorted.entries()) {
      expect(Number.isSafeInteger(begin) && begin <= end).toBe(true);
      if (i > 0) expect(begin).toBe(sorted[i - 1]!.end);
    }
    expect(sorted.at(-1)!.end).toBe(size);
  }

  async function answers(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      expectSound(await readSafetensorsHeader(source(bytes)), bytes.length);
      return true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return false;
    }
  }

  const number = fc.oneof(
    fc.nat(16).map(String),
    fc.constantFrom('-1', '1.5', '1e3', '9007199254740993', '1e999', 'null', '"1"', '-0'),
  );
  const list = fc.array(number, { maxLength: 4 }).map((values) => `[${values.join(',')}]`);
  const name = fc.constantFrom('a', 'b', '__proto__', '__metadata__', '\\u0061', 'x'.repeat(300));
  const dtype = fc.constantFrom('"F32"', '"F16"', '"U8"', '"toString"', '"f32"', '{}');
  const field = fc.oneof(
    dtype.map((value) => `"dtype":${value}`),
    list.map((value) => `"shape":${value}`),
    list.map((value) => `"data_offsets":${value}`),
    fc.constant('"more":"x"'),
  );
  const entry = fc.oneof(
    fc.tuple(dtype, list, list).map(([d, s, o]) => `{"dtype":${d},"shape":${s},"data_offsets":${o}}`),
    fc.array(field, { maxLength: 5 }).map((fields) => `{${fields.join(',')}}`),
    fc.constantFrom('1', '[]', '"text"', '{"k":"v"}', inner(0, 4), inner(4, 8)),
  );
  const header = fc
    .array(fc.tuple(name, entry), { maxLength: 4 })
    .map((all) => `{${all.map(([key, value]) => `"${key}":${value}`).join(',')}}`);
  /** Tensors side by side in any order: what a good file says. */
  const good = fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }).map((sizes) => {
    let at = 0;
    const all = sizes.map((size, i) => `"t${i}":${inner(at, (at += 4 * size))}`);
    return fileOf(`{${all.reverse().join(',')}}`, at);
  });
  const structured = fc.tuple(header, fc.nat(16)).map(([text, dataBytes]) => fileOf(text, dataBytes));
  const cut = fc
    .tuple(
      fc.oneof(structured, good),
      fc.nat(200),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
    )
    .map(([bytes, keep, edits]) => {
      const copy = bytes.slice(0, Math.max(0, bytes.length - (keep % 16)));
      for (const [at, value] of edits) if (at < copy.length) copy[at] = value;
      return copy;
    });
  const raw = fc.uint8Array({ maxLength: 64 }).map((bytes) => fileOf(bytes));

  it('gives a sound header or a sentence: 10,000 inputs', async () => {
    let accepted = 0;
    const anything = fc.oneof({ weight: 4, arbitrary: structured }, { weight: 4, arbitrary: cut }, good, raw);
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        if (await answers(bytes)) accepted++;
      }),
      { numRuns: 10_000 },
    );
    // A generator that only makes nonsense would prove nothing.
    expect(accepted).toBeGreaterThan(500);
  }, 60_000);
});
