const STATE = 624;
const SHIFT = 397;
const BLOCK = 16;

/**
 * The numbers PyTorch's CPU generator gives for `torch.manual_seed(seed); torch.randn(count)`, so that recipes made
 * with other studios can be repeated: Mersenne Twister (Matsumoto & Nishimura 1998) seeded with the low 32 bits, 24-bit
 * uniforms, Box-Muller on blocks of 16 (spec/sdxl.md F.9).
 * @throws RangeError below 16 numbers, where PyTorch takes another path.
 */
export function torchRandn(seed: number, count: number): Float32Array {
  if (count < BLOCK)
    throw new RangeError(`PyTorch draws fewer than ${BLOCK} numbers another way, not ${count}`);
  const next = mersenneTwister(seed % 2 ** 32);
  const uniform = () => (next() & 0xffffff) * 2 ** -24;
  const values = Float32Array.from({ length: count }, uniform);
  for (let start = 0; start + BLOCK <= count; start += BLOCK) transformBlock(values, start);
  if (count % BLOCK !== 0) {
    const tail = count - BLOCK;
    for (let i = tail; i < count; i++) values[i] = uniform();
    transformBlock(values, tail);
  }
  return values;
}

function transformBlock(values: Float32Array, start: number): void {
  for (let i = start; i < start + BLOCK / 2; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (values[i] as number)));
    const angle = 2 * Math.PI * (values[i + BLOCK / 2] as number);
    values[i] = radius * Math.cos(angle);
    values[i + BLOCK / 2] = radius * Math.sin(angle);
  }
}

/** MT19937: a stream of 32-bit words. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(STATE);
  state[0] = seed;
  for (let i = 1; i < STATE; i++) {
    const previous = state[i - 1] as number;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  let index = STATE;
  return () => {
    if (index === STATE) {
      twist(state);
      index = 0;
    }
    return temper(state[index++] as number);
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < STATE; i++) {
    const joined = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % STATE] as number) & 0x7fffffff);
    const mixed = (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    state[i] = (state[(i + SHIFT) % STATE] as number) ^ mixed;
  }
}

function temper(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}
