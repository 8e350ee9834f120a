// pixels + gain·weight·residual in place: one layer over one band of rows.
//
// bindings  0 params
//           1 pixels:   RGBA8, one u32 per pixel; rows of params.pixels_width
//           2 weight:   f32 per pixel of the layer's rows in this band, params.layer_width each, 0..1
//           3 residual: snorm16[3][params.size_y][params.size_x], two to a word, the first in the low half
//           4 across:   Lanczos table size_x -> layer width (packTable)
//           5 down:     Lanczos table size_y -> layer height
// threads   x = column and y = row of the part of the band that the layer covers
// units     to_x, to_y: the part's corner in the band; from_x, from_y: the same corner in the layer; gain =
//           opacity·strength
// invariant where all residuals under the taps, or the weight, are 0 the pixel keeps its exact bytes; alpha always does
// twin      src/domain/blend/layer-paste.ts pasteLayers (there the two table sums are taken one after the other)

struct Params {
  pixels_width: u32,
  to_x: u32,
  to_y: u32,
  from_x: u32,
  from_y: u32,
  width: u32,
  height: u32,
  layer_width: u32,
  size_x: u32,
  size_y: u32,
  taps_x: u32,
  taps_y: u32,
  gain: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<u32>;
@group(0) @binding(4) var<storage, read> across: array<u32>;
@group(0) @binding(5) var<storage, read> down: array<u32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let at = (params.to_y + id.y) * params.pixels_width + params.to_x + id.x;
  let x = params.from_x + id.x;
  let factor = weight[id.y * params.layer_width + x] * params.gain * 255.0;
  let change = vec4<f32>(resampled_residual(x, params.from_y + id.y), 0.0);
  pixels[at] = pack_rgba8(rgba8_bytes(pixels[at]) + factor * change);
}

fn resampled_residual(x: u32, y: u32) -> vec3<f32> {
  let column = x * (params.taps_x + 1u);
  let row = y * (params.taps_y + 1u);
  var sum = vec3<f32>(0.0);
  for (var v = 0u; v < params.taps_y; v++) {
    let weight_y = bitcast<f32>(down[row + 1u + v]);
    let first = (down[row] + v) * params.size_x + across[column];
    for (var u = 0u; u < params.taps_x; u++) {
      sum += weight_y * bitcast<f32>(across[column + 1u + u]) * residual_at(first + u);
    }
  }
  return sum;
}

fn residual_at(at: u32) -> vec3<f32> {
  let plane = params.size_x * params.size_y;
  return vec3<f32>(value_at(at), value_at(plane + at), value_at(2u * plane + at));
}

fn value_at(at: u32) -> f32 {
  let pair = unpack2x16snorm(residual[at >> 1u]);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}
