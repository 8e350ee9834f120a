// White noise along one axis at a ratio source : target = p : q, exactly white again. Run for x, then for y.
//
// bindings  0 params
//           1 source: f32[channels][params.source_height][params.source_width]
//           2 result: f32[channels][params.target_height][params.target_width]; the other axis keeps its length
// threads   x = target column, y = target row, z = channel
// units     origin_x, origin_y: absolute cell of element (0, 0); on axis 1, x is already a target column
// invariant every source cell is split into q sub-cells that sum to it; a target is p of them times √(q/p). With q = 1
//           nothing is random and both passes together are area mean × ratio
// twin      src/domain/noise/resample.ts resampleNoise

struct Params {
  source_width: u32,
  source_height: u32,
  target_width: u32,
  target_height: u32,
  p: u32,
  q: u32,
  axis: u32,
  seed: u32,
  origin_x: u32,
  origin_y: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.target_width || id.y >= params.target_height) {
    return;
  }
  let along = select(id.y, id.x, params.axis == 0u);
  let begin = along * params.p;
  let end = begin + params.p;
  var sum = 0.0;
  for (var cell = begin / params.q; cell * params.q < end; cell++) {
    let low = max(begin, cell * params.q) - cell * params.q;
    let high = min(end, (cell + 1u) * params.q) - cell * params.q;
    let at = select(vec2<u32>(id.x, cell), vec2<u32>(cell, id.y), params.axis == 0u);
    let z = source[(id.z * params.source_height + at.y) * params.source_width + at.x];
    sum += part_of_cell(z, at, id.z, low, high);
  }
  let scale = sqrt(f32(params.q) / f32(params.p));
  result[(id.z * params.target_height + id.y) * params.target_width + id.x] = sum * scale;
}

/// Sum of the sub-cells [low, high) of the source cell z at `at`. The whole cell is z itself.
fn part_of_cell(z: f32, at: vec2<u32>, channel: u32, low: u32, high: u32) -> f32 {
  if (high - low == params.q) {
    return z;
  }
  let key = vec2<u32>(params.seed, 65536u * params.p + params.q);
  let origin = vec2<u32>(params.origin_x, params.origin_y);
  var part = 0.0;
  var whole = 0.0;
  for (var block = 0u; block * 4u < params.q; block++) {
    let words = philox4x32(vec4<u32>(origin + at, channel + 65536u * params.axis, block), key);
    let normals = vec4<f32>(box_muller(words.x, words.y), box_muller(words.z, words.w));
    for (var lane = 0u; lane < min(4u, params.q - block * 4u); lane++) {
      let j = block * 4u + lane;
      whole += normals[lane];
      part += select(0.0, normals[lane], j >= low && j < high);
    }
  }
  let q = f32(params.q);
  let count = f32(high - low);
  return z * count / q + (part - whole * count / q) / sqrt(q);
}
