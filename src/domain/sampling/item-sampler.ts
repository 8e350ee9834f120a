/** What one item asks of the network: its latent and noise level; the answer is `denoised`. */
export interface ModelCall {
  readonly x: Float32Array;
  readonly sigma: number;
}

/** One solver step s -> next as a coroutine: yields model calls, receives denoised latents, returns the new x. */
export type StepRoutine = Generator<ModelCall, Float32Array, Float32Array>;

/** Unit-variance noise, fresh at each call, in call order. */
export type NoiseSource = () => Float32Array;

/** One step of an item from `sigma` to `next`, as a routine that asks for what the model says. */
export type StepFunction = (x: Float32Array, sigma: number, next: number, noise: NoiseSource) => StepRoutine;

/**
 * A solver for one item. Called once per item, so multistep solvers keep their history in the closure and no item can
 * see another's. Arithmetic is double precision, states are float32. Inside: s = this level, n = the next.
 */
export type ItemSampler = () => StepFunction;

/** Σ weight·tensor, accumulated in double precision. */
export function weightedSum(
  ...terms: readonly (readonly [weight: number, tensor: Float32Array])[]
): Float32Array {
  const length = terms[0]?.[1].length ?? 0;
  const sum = new Float64Array(length);
  for (const [weight, tensor] of terms)
    for (let i = 0; i < length; i++) sum[i] = (sum[i] as number) + weight * (tensor[i] as number);
  return Float32Array.from(sum);
}

/** x moved from noise level s to n along d = (x − denoised)/s. */
export function eulerStep(x: Float32Array, denoised: Float32Array, s: number, n: number): Float32Array {
  return weightedSum([n / s, x], [1 - n / s, denoised]);
}

/** Ancestral split of n into the level reached deterministically and the noise added after it: n² = down² + up². */
export function ancestralSplit(
  s: number,
  n: number,
  eta: number,
): { readonly down: number; readonly up: number } {
  const up = Math.min(n, eta * Math.sqrt((n * n * (s * s - n * n)) / (s * s)));
  return { down: Math.sqrt(n * n - up * up), up };
}
