// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Twin: src/domain/noise/philox.ts

/// Four random words as a pure function of a 128-bit counter and a 64-bit key.
fn philox4x32(counter_in: vec4<u32>, key_in: vec2<u32>) -> vec4<u32> {
  var counter = counter_in;
  var key = key_in;
  for (var round = 0u; round < 10u; round++) {
    let high0 = mul_high(0xd2511f53u, counter.x);
    let high1 = mul_high(0xcd9e8d57u, counter.z);
    let low0 = 0xd2511f53u * counter.x;
    let low1 = 0xcd9e8d57u * counter.z;
    counter = vec4<u32>(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}

/// Upper 32 bits of a 32×32-bit product, from four 16-bit ones.
fn mul_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}
