// The document's noise over a latent area: N(0,1) per cell and channel, a pure function of (seed, channel, y, x).
//
// bindings  0 params
//           1 weights: f32 per octave, params.levels + 1 of them, squares adding up to 1 (octaveWeights)
//           2 result:  elem[channels][params.height][params.width]; elem is f32 or f16
// threads   x = block of four cells aligned to the document (not the area), y = row, z = channel
// units     x, y: origin of the area in latent cells of the document
// invariant equal addresses give equal values whatever the area; octaves above 0 are bilinear with unit variance
// twin      src/domain/noise/scaffold.ts scaffoldNoise

struct Params {
  seed: u32,
  x: u32,
  y: u32,
  width: u32,
  height: u32,
  levels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<elem>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

/// STREAM.scaffold: the second key word of this field.
const SCAFFOLD_STREAM = 1u;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let first = (params.x & ~3u) + id.x * 4u;
  let end = params.x + params.width;
  if (first >= end || id.y >= params.height) {
    return;
  }
  let y = params.y + id.y;
  let base = lattice_block(vec4<u32>(first >> 2u, y, id.z, 0u)) * weights[0];
  for (var lane = 0u; lane < 4u; lane++) {
    let x = first + lane;
    if (x < params.x || x >= end) {
      continue;
    }
    var value = base[lane];
    for (var level = 1u; level <= params.levels; level++) {
      value += weights[level] * octave(level, id.z, y, x);
    }
    result[(id.z * params.height + id.y) * params.width + x - params.x] = elem(value);
  }
}

/// Octave `level` read bilinearly at a document cell, divided by the weights' own norm.
fn octave(level: u32, channel: u32, y: u32, x: u32) -> f32 {
  let at = (vec2<f32>(f32(x), f32(y)) + 0.5) / f32(1u << level) + 0.5;
  let cell = vec2<u32>(floor(at));
  let high = at - floor(at);
  let low = 1.0 - high;
  let norm = sqrt(low * low + high * high);
  let a = low / norm;
  let b = high / norm;
  let upper = a.x * lattice(level, channel, cell.y, cell.x) + b.x * lattice(level, channel, cell.y, cell.x + 1u);
  let lower =
    a.x * lattice(level, channel, cell.y + 1u, cell.x) + b.x * lattice(level, channel, cell.y + 1u, cell.x + 1u);
  return a.y * upper + b.y * lower;
}

fn lattice(level: u32, channel: u32, y: u32, x: u32) -> f32 {
  let block = lattice_block(vec4<u32>(x >> 2u, y, channel, level));
  return block[x & 3u];
}

/// Four neighbouring cells of one octave's own grid; counter = (x / 4, y, channel, level).
fn lattice_block(counter: vec4<u32>) -> vec4<f32> {
  let words = philox4x32(counter, vec2<u32>(params.seed, SCAFFOLD_STREAM));
  return vec4<f32>(box_muller(words.x, words.y), box_muller(words.z, words.w));
}
