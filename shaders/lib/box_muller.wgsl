// Two standard normal numbers from two random words (Box & Muller 1958). WGSL's own log, sin and cos are not accurate
// enough to agree with a CPU, so they are spelled out. Twin, step by step: src/domain/noise/box-muller.ts

/// sqrt(-2 ln u)·(cos 2πv, sin 2πv), u = ((w0 >> 8) + 1)/2²⁴ in (0, 1], v = (w1 >> 8)/2²⁴ in [0, 1).
fn box_muller(w0: u32, w1: u32) -> vec2<f32> {
  let radius = sqrt(-2.0 * log_of_unit((w0 >> 8u) + 1u));
  let turn = w1 >> 8u;
  let quadrant = (turn + 0x200000u) >> 22u;
  let angle = f32(i32(turn) - i32(quadrant * 0x400000u)) * (6.283185307179586 / 16777216.0);
  let z = angle * angle;
  let sine = angle * (1.0 + z * (((z / 362880.0 - 1.0 / 5040.0) * z + 1.0 / 120.0) * z - 1.0 / 6.0));
  let cosine = 1.0 + z * (((z / 40320.0 - 1.0 / 720.0) * z + 1.0 / 24.0) * z - 0.5);
  let swap = (quadrant & 1u) == 1u;
  let x = select(cosine, sine, swap);
  let y = select(sine, cosine, swap);
  return radius * vec2<f32>(
    select(x, -x, quadrant == 1u || quadrant == 2u),
    select(y, -y, quadrant == 2u || quadrant == 3u),
  );
}

/// ln(k/2²⁴) for k in [1, 2²⁴]: k = m·2^e, m in [√½, √2), ln m = 2 artanh((m−1)/(m+1)).
fn log_of_unit(k: u32) -> f32 {
  let bits = 31u - countLeadingZeros(k);
  let unscaled = bitcast<f32>((bitcast<u32>(f32(k)) & 0x7fffffu) | 0x3f800000u);
  let above = unscaled >= 1.4142135623730951;
  let m = select(unscaled, unscaled * 0.5, above);
  let exponent = f32(i32(bits) - 24 + select(0, 1, above));
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let artanh = s * (1.0 + z * (((z / 9.0 + 1.0 / 7.0) * z + 1.0 / 5.0) * z + 1.0 / 3.0));
  return exponent * 0.6931471805599453 + 2.0 * artanh;
}
