// canvas + alpha·(refined − base) in place: the blend of both passes.
//
// bindings  0 params
//           1 canvas:  RGBA8, one u32 per pixel; params.rows rows of params.canvas_width, area column 0 at params.x
//           2 alpha:   f32 per area pixel of the same rows, 0..1, already smoothstepped
//           3 refined: elem[3][params.size_y][params.size_x] in 0..1; elem is f32 or f16
//           4 base:    the same shape: decode(encode(canvas crop))
//           5 across:  Lanczos table size_x -> area width (packTable)
//           6 down:    Lanczos table size_y -> area height; params.first_row is the area row of the band's first row
// threads   x = area column, y = row of the band
// invariant where refined equals base under all taps the canvas keeps its exact bytes; canvas alpha is never changed
// twin      src/domain/blend/residual.ts pasteResidual (there the two table sums are taken one after the other)

struct Params {
  canvas_width: u32,
  x: u32,
  width: u32,
  rows: u32,
  first_row: u32,
  size_x: u32,
  size_y: u32,
  taps_x: u32,
  taps_y: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> canvas: array<u32>;
@group(0) @binding(2) var<storage, read> alpha: array<f32>;
@group(0) @binding(3) var<storage, read> refined: array<elem>;
@group(0) @binding(4) var<storage, read> base: array<elem>;
@group(0) @binding(5) var<storage, read> across: array<u32>;
@group(0) @binding(6) var<storage, read> down: array<u32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let at = id.y * params.canvas_width + params.x + id.x;
  let strength = alpha[id.y * params.width + id.x] * 255.0;
  let residual = vec4<f32>(resampled_residual(id.x, params.first_row + id.y), 0.0);
  canvas[at] = pack_rgba8(rgba8_bytes(canvas[at]) + strength * residual);
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
  return vec3<f32>(
    f32(refined[at]) - f32(base[at]),
    f32(refined[plane + at]) - f32(base[plane + at]),
    f32(refined[2u * plane + at]) - f32(base[2u * plane + at]),
  );
}
