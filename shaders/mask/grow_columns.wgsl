// Second half of the Euclidean distance transform: signed distance of every pixel centre to the edge of the mask,
// positive inside, the edge half a pixel outside the last inside centre. Growing a mask is adding to this distance.
//
// bindings  0 params
//           1 rows:   what grow_rows wrote, params.source_rows rows of params.width
//           2 result: f32 px; params.rows rows, of which the first is source row params.first_row
// threads   x = column, y = row of the band
// invariant exact up to params.reach pixels; at least reach in magnitude where the edge is farther
// twin      src/domain/mask/distance.ts signedDistance

struct Params {
  width: u32,
  source_rows: u32,
  first_row: u32,
  rows: u32,
  reach: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let y = params.first_row + id.y;
  let side = sign(rows[y * params.width + id.x]);
  var nearest = square_to_other_class(id.x, y, side);
  for (var step = 1u; step <= params.reach; step++) {
    let below = f32(step) * f32(step);
    if (below >= nearest) {
      break;
    }
    if (y >= step) {
      nearest = min(nearest, below + square_to_other_class(id.x, y - step, side));
    }
    if (y + step < params.source_rows) {
      nearest = min(nearest, below + square_to_other_class(id.x, y + step, side));
    }
  }
  result[id.y * params.width + id.x] = side * (sqrt(nearest) - 0.5);
}

/// Squared distance along row y from column x to a pixel that is not on `side`; 0 if (x, y) itself is not.
fn square_to_other_class(x: u32, y: u32, side: f32) -> f32 {
  let distance = max(0.0, rows[y * params.width + x] * side);
  return distance * distance;
}
