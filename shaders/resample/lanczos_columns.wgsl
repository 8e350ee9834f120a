// Lanczos-3 along y: premultiplied float rows -> packed straight RGBA8 rows of one band of the output.
//
// bindings  0 params
//           1 source: what lanczos_rows wrote; its first row is source row params.first_source_row
//           2 table:  per output row: first source row, then params.taps weights as f32 bits (packTable)
//           3 result: RGBA8, one u32 per pixel; params.rows rows of params.width, from output row params.first_row
// threads   x = column, y = row of the band
// invariant colour is divided by the filtered alpha before clamping, so overshoot cancels; rounded half up
// twin      src/domain/resample/resize.ts filterColumns

struct Params {
  width: u32,
  rows: u32,
  taps: u32,
  first_row: u32,
  first_source_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let entry = (params.first_row + id.y) * (params.taps + 1u);
  let first = table[entry] - params.first_source_row;
  var sum = vec4<f32>(0.0);
  for (var t = 0u; t < params.taps; t++) {
    sum += bitcast<f32>(table[entry + 1u + t]) * source[(first + t) * params.width + id.x];
  }
  var gain = 0.0;
  if (sum.w > 0.0) {
    gain = 1.0 / sum.w;
  }
  result[id.y * params.width + id.x] = pack_rgba8(vec4<f32>(sum.xyz * gain, sum.w * 255.0));
}
