/**
 * Quantile of the symmetric Beta(a, a) distribution at probability p: the x with I_x(a, a) = p, by bisection.
 * Substituting x = sin²(θ/2) keeps the integrand smooth: I ∝ ∫ sin(φ)^(2a−1) dφ over [0, θ], and the remaining
 * integrable corner at 0 is removed by φ = u^(1/2a).
 */
export function symmetricBetaQuantile(p: number, a: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  if (p === 0.5) return 0.5;
  if (p > 0.5) return 1 - symmetricBetaQuantile(1 - p, a);
  const half = angleIntegral(Math.PI / 2, a);
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 44; i++) {
    const middle = (low + high) / 2;
    if (angleIntegral(middle, a) < 2 * p * half) low = middle;
    else high = middle;
  }
  return Math.sin((low + high) / 4) ** 2;
}

const SIMPSON_INTERVALS = 64;

/** ∫₀^θ sin(φ)^(2a−1) dφ = 1/(2a) ∫₀^(θ^2a) (sin φ / φ)^(2a−1) du with φ = u^(1/2a): composite Simpson rule. */
function angleIntegral(theta: number, a: number): number {
  const top = theta ** (2 * a);
  let sum = 0;
  for (let i = 0; i <= SIMPSON_INTERVALS; i++) {
    const phi = ((top * i) / SIMPSON_INTERVALS) ** (1 / (2 * a));
    const value = phi === 0 ? 1 : (Math.sin(phi) / phi) ** (2 * a - 1);
    sum += value * (i === 0 || i === SIMPSON_INTERVALS ? 1 : i % 2 === 0 ? 2 : 4);
  }
  return (sum * top) / SIMPSON_INTERVALS / 3 / (2 * a);
}
