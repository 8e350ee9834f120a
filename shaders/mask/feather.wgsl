// Signed distance -> the blend's alpha: the edge moved by params.grow, one smoothstep m·m·(3−2m) across it.
//
// bindings  0 params
//           1 distance: f32 px, positive inside
//           2 alpha:    f32 in 0..1
// threads   x = pixel of the row, y = row (a plain 2-D split of params.width × params.rows)
// units     grow and feather in pixels; feather 0 is a hard edge
// twin      src/domain/mask/feather.ts featherMask

struct Params {
  width: u32,
  rows: u32,
  grow: f32,
  feather: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distance: array<f32>;
@group(0) @binding(2) var<storage, read_write> alpha: array<f32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.rows) {
    return;
  }
  let at = id.y * params.width + id.x;
  let moved = distance[at] + params.grow;
  var value = select(0.0, 1.0, moved > 0.0);
  if (params.feather > 0.0) {
    let m = clamp(moved / params.feather + 0.5, 0.0, 1.0);
    value = m * m * (3.0 - 2.0 * m);
  }
  alpha[at] = value;
}
