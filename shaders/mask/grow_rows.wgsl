// First half of the Euclidean distance transform: per pixel, distance along its row to the nearest pixel of the other
// class (inside is value ≥ 0.5), positive inside, negative outside; reach + 1 where there is none within reach.
//
// bindings  0 params
//           1 mask:   f32; params.rows rows of params.width
//           2 result: f32, the same shape, whole pixels
// threads   x = column, y = row
// invariant exact up to params.reach pixels
// twin      src/domain/mask/distance.ts signedRowDistance

struct Params {
  width: u32,
  rows: u32,
  reach: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let row = id.y * params.width;
  let inside = mask[row + id.x] >= 0.5;
  var distance = 1u;
  while (distance <= params.reach) {
    let left = id.x >= distance && (mask[row + max(id.x, distance) - distance] >= 0.5) != inside;
    let beyond = min(id.x + distance, params.width - 1u);
    let right = (mask[row + beyond] >= 0.5) != inside;
    if (left || right) {
      break;
    }
    distance++;
  }
  result[row + id.x] = select(-f32(distance), f32(distance), inside);
}
