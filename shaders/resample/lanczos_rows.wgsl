// Lanczos-3 along x: packed RGBA8 rows -> premultiplied float rows.
//
// bindings  0 params
//           1 source: RGBA8, one u32 per pixel (red in the low byte), params.rows rows of params.source_width
//           2 table:  per output column: first source column, then params.taps weights as f32 bits (packTable)
//           3 result: vec4 per pixel, colour premultiplied in 0..255, alpha in 0..1; rows × target_width
// threads   x = output column, y = row
// invariant every tap of the table lies inside the source row; weights of a column add up to 1
// twin      src/domain/resample/resize.ts filterRows

struct Params {
  source_width: u32,
  target_width: u32,
  rows: u32,
  taps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<f32>>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.target_width || id.y >= params.rows) {
    return;
  }
  let entry = id.x * (params.taps + 1u);
  let first = id.y * params.source_width + table[entry];
  var sum = vec4<f32>(0.0);
  for (var t = 0u; t < params.taps; t++) {
    sum += bitcast<f32>(table[entry + 1u + t]) * premultiplied(source[first + t]);
  }
  result[id.y * params.target_width + id.x] = sum;
}

fn premultiplied(pixel: u32) -> vec4<f32> {
  let straight = rgba8_bytes(pixel);
  let alpha = straight.w / 255.0;
  return vec4<f32>(straight.xyz * alpha, alpha);
}
