/**
 * Noise levels a network was trained on, smallest first. Entry i belongs to timestep i·stride + stride − 1
 * (stride 1 for SDXL's 1000 levels, 20 for the 50 levels of a distilled LCM checkpoint).
 */
export interface SigmaTable {
  readonly sigmas: Float64Array;
  readonly stride: number;
}

const TIMESTEPS = 1000;
const BETA_START = 0.00085;
const BETA_END = 0.012;
/** Squared signal level that zero-terminal-SNR checkpoints use for the last timestep instead of an exact 0. */
const ZSNR_LAST_SIGNAL = 4.8973451890853435e-8;
const LCM_STRIDE = 20;

/** SDXL's table: "scaled linear" betas, σ = sqrt((1−ᾱ)/ᾱ), σ[0] = 0.0291672 … σ[999] = 14.6146412 (spec/sdxl.md F.1). */
export function modelSigmas(): Float64Array {
  return SDXL_TABLE.sigmas.slice();
}

/** The table of zero-terminal-SNR v-prediction checkpoints: √ᾱ shifted and rescaled to end at 0 (Lin et al. 2023). */
export function zeroTerminalSnrSigmas(): Float64Array {
  const signal = signalLevels().map(Math.sqrt);
  const first = signal[0] as number;
  const last = signal[TIMESTEPS - 1] as number;
  const squared = signal.map((level) => (((level - last) * first) / (first - last)) ** 2);
  squared[TIMESTEPS - 1] = ZSNR_LAST_SIGNAL;
  return squared.map(sigmaOfSignal);
}

/** The timestep the network is told for a noise level: the one with the nearest ln σ. σ ≤ 0 is the first timestep. */
export function timestepOfSigma(sigma: number, table: SigmaTable = SDXL_TABLE): number {
  const target = Math.log(Math.max(sigma, Number.MIN_VALUE));
  let nearest = 0;
  let distance = Infinity;
  table.sigmas.forEach((level, index) => {
    const d = Math.abs(target - Math.log(level));
    if (d < distance) [nearest, distance] = [index, d];
  });
  return nearest * table.stride + table.stride - 1;
}

/** The noise level of a (fractional) timestep: ln σ interpolated linearly, clamped to the table. */
export function sigmaOfTimestep(timestep: number, table: SigmaTable = SDXL_TABLE): number {
  const last = table.sigmas.length - 1;
  const position = Math.min(last, Math.max(0, (timestep - table.stride + 1) / table.stride));
  const low = Math.floor(position);
  const a = Math.log(table.sigmas[low] as number);
  const b = Math.log(table.sigmas[Math.min(last, low + 1)] as number);
  return Math.exp(a + (b - a) * (position - low));
}

/** ᾱ_t: share of signal power left at each timestep. */
function signalLevels(): Float64Array {
  const levels = new Float64Array(TIMESTEPS);
  let product = 1;
  for (let t = 0; t < TIMESTEPS; t++) {
    const root =
      Math.sqrt(BETA_START) + (t / (TIMESTEPS - 1)) * (Math.sqrt(BETA_END) - Math.sqrt(BETA_START));
    product *= 1 - root * root;
    levels[t] = product;
  }
  return levels;
}

function sigmaOfSignal(level: number): number {
  return Math.sqrt((1 - level) / level);
}

/** The table all SDXL checkpoints share unless they say otherwise. */
export const SDXL_TABLE: SigmaTable = { sigmas: signalLevels().map(sigmaOfSignal), stride: 1 };

/** Checkpoints with the key `ztsnr`. */
export const ZSNR_TABLE: SigmaTable = { sigmas: zeroTerminalSnrSigmas(), stride: 1 };

/** Full LCM checkpoints: every 20th level, counted from the top (Luo et al. 2023; spec/sdxl.md F.7). */
export const LCM_TABLE: SigmaTable = {
  sigmas: SDXL_TABLE.sigmas.filter((_, t) => t % LCM_STRIDE === LCM_STRIDE - 1),
  stride: LCM_STRIDE,
};
