/** What the network's output means. */
export type Prediction = 'eps' | 'v' | 'lcm';

/** denoised = skip·x + out·model(x·input), all functions of sigma (Karras et al. 2022, table 1; spec/sdxl.md F.2). */
export interface Preconditioning {
  readonly skip: number;
  readonly out: number;
  readonly input: number;
}

/** The factors for one noise level; `timestep` is needed by distilled LCM checkpoints only. */
export function preconditioning(prediction: Prediction, sigma: number, timestep = 0): Preconditioning {
  const input = 1 / Math.sqrt(sigma * sigma + 1);
  switch (prediction) {
    case 'eps':
      return { skip: 1, out: -sigma, input };
    case 'v':
      return { skip: input * input, out: -sigma * input, input };
    case 'lcm':
      return lcmPreconditioning(sigma, timestep, input);
  }
}

/** D = c_out·x0 + c_skip·x with x0 = x − σ·eps, boundary scalings of Luo et al. 2023 (σ_data = 0.5, timestep × 10). */
function lcmPreconditioning(sigma: number, timestep: number, input: number): Preconditioning {
  const scaled = timestep * 10;
  const denominator = scaled * scaled + 0.25;
  const boundary = scaled / Math.sqrt(denominator);
  return { skip: 0.25 / denominator + boundary, out: -sigma * boundary, input };
}

/** Start state of img2img: latent + σ·noise; `maxDenoise` (σ is the table's largest) scales by √(1+σ²) (F.5). */
export function startFactor(sigma: number, sigmaMax: number): number {
  return Math.abs(sigma - sigmaMax) <= 1e-5 * sigmaMax ? Math.sqrt(1 + sigma * sigma) : sigma;
}
