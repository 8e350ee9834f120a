import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { SHADERS, shaderSource, type ShaderName } from '#gpu/shader-source.ts';

const names = Object.keys(SHADERS) as ShaderName[];
const variants = names.flatMap((name) =>
  (SHADERS[name].hasElement ? (['f32', 'f16'] as const) : (['f32'] as const)).map(
    (element) => [name, element] as const,
  ),
);

/** Dawn's null backend compiles everything and runs nothing: no GPU needed, f16 included. */
let gpu: GPU | undefined;
let device: GPUDevice;

beforeAll(async () => {
  Object.assign(globalThis, globals);
  gpu = create(['backend=null']);
  const adapter = await gpu.requestAdapter();
  device = await adapter!.requestDevice({ requiredFeatures: ['shader-f16'] });
});

afterAll(() => {
  device.destroy();
  gpu = undefined;
});

async function compile(code: string): Promise<string[]> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  device.createComputePipeline({ layout: 'auto', compute: { module } });
  const { messages } = await module.getCompilationInfo();
  const error = await device.popErrorScope();
  return [
    ...messages.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`),
    ...(error ? [error.message] : []),
  ];
}

describe('shaders', () => {
  it.each(variants)('%s compiles with %s elements', async (name, element) => {
    expect(await compile(shaderSource(name, element))).toEqual([]);
  });

  it('reports line and column of a mistake', async () => {
    const broken = await compile('@compute @workgroup_size(1)\nfn main() { let x: u32 = 1.5; }');
    expect(broken[0]).toMatch(/^2:\d+ .*u32/);
  });

  it('knows every file in shaders/, and each says what it is', () => {
    const files = readdirSync('shaders', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.wgsl'),
    );
    const kernels = files.filter((file) => !file.startsWith('lib'));
    const bodies = new Set(names.map((name) => SHADERS[name].body));
    for (const file of kernels) {
      const text = readFileSync(`shaders/${file}`, 'utf8');
      expect(bodies.has(text), file).toBe(true);
      for (const section of ['// bindings', '// threads', '// twin', 'override workgroup_x'])
        expect(text, `${file} lacks "${section}"`).toContain(section);
    }
    expect(kernels.length).toBe(names.length);
  });
});
