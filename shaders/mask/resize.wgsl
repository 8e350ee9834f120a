// Coverage of one canvas area, bilinear, from a mask that covers the whole picture: cropped, never stretched to a crop.
//
// bindings  0 params
//           1 mask:   one byte per picture pixel, four to a u32, row-major without row padding
//           2 result: f32 in 0..1; params.rows rows of params.width
// threads   x = column, y = row of the band
// units     area origin (x, y) and extents in canvas pixels; pixel centres at half (align_corners=False), edges repeated
// twin      src/domain/mask/bilinear.ts cropMask

struct Params {
  mask_width: u32,
  mask_height: u32,
  canvas_width: u32,
  canvas_height: u32,
  x: u32,
  y: u32,
  width: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let source = vec2<f32>(f32(params.mask_width), f32(params.mask_height));
  let whole = vec2<f32>(f32(params.canvas_width), f32(params.canvas_height));
  let target_at = vec2<f32>(f32(params.x + id.x), f32(params.y + id.y)) + 0.5;
  let at = clamp(target_at * source / whole - 0.5, vec2<f32>(0.0), source - 1.0);
  let low = vec2<u32>(floor(at));
  let high = min(low + 1u, vec2<u32>(params.mask_width, params.mask_height) - 1u);
  let weight = at - floor(at);
  let upper = mix(coverage(low.x, low.y), coverage(high.x, low.y), weight.x);
  let lower = mix(coverage(low.x, high.y), coverage(high.x, high.y), weight.x);
  result[id.y * params.width + id.x] = mix(upper, lower, weight.y);
}

fn coverage(x: u32, y: u32) -> f32 {
  let at = y * params.mask_width + x;
  let byte = (mask[at / 4u] >> (8u * (at % 4u))) & 0xffu;
  return f32(byte) / 255.0;
}
