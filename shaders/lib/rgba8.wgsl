// Packed RGBA8 pixels: red in the low byte, as in the bytes of an ImageData read as little-endian u32.

/// The four bytes as floats in 0..255.
fn rgba8_bytes(pixel: u32) -> vec4<f32> {
  return vec4<f32>(
    f32(pixel & 0xffu),
    f32((pixel >> 8u) & 0xffu),
    f32((pixel >> 16u) & 0xffu),
    f32(pixel >> 24u),
  );
}

/// Rounds half up and clamps to 0..255. Whole numbers survive unchanged.
fn pack_rgba8(bytes: vec4<f32>) -> u32 {
  let rounded = vec4<u32>(clamp(floor(bytes + 0.5), vec4<f32>(0.0), vec4<f32>(255.0)));
  return rounded.x | (rounded.y << 8u) | (rounded.z << 16u) | (rounded.w << 24u);
}
