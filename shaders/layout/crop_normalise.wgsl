// Cuts an area out of RGBA8 rows and lays it out as a network input: planar RGB in 0..1.
//
// bindings  0 params
//           1 source: RGBA8, one u32 per pixel, rows of params.source_width
//           2 result: elem[3][params.height][params.width] (NCHW without N); elem is f32 or f16
// threads   x = column, y = row of the area
// invariant the area lies inside the source; alpha is ignored
// twin      src/domain/resample/crop-normalise.ts rasterToNchw after cropRaster

struct Params {
  source_width: u32,
  x: u32,
  y: u32,
  width: u32,
  height: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<elem>;

override workgroup_x: u32 = 64;
override workgroup_y: u32 = 2;

@compute @workgroup_size(workgroup_x, workgroup_y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.width || id.y >= params.height) {
    return;
  }
  let colour = rgba8_bytes(source[(params.y + id.y) * params.source_width + params.x + id.x]) / 255.0;
  let plane = params.width * params.height;
  let at = id.y * params.width + id.x;
  result[at] = elem(colour.x);
  result[plane + at] = elem(colour.y);
  result[2u * plane + at] = elem(colour.z);
}
