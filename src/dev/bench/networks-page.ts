import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { blobSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { STEP, stepTimes } from './networks-step.ts';

/** Runs inside Chromium: see networks.ts. The product's build and runtime, on its wasm provider. */
export async function measureWasmStep(): Promise<{ threads: number; times: number[] }> {
  const build = await loadOrt();
  const runtime = new OrtWebRuntime(build, null, 'wasm', { dtype: 'f32', attention: 'fused' });
  const blob = await (await fetch(`/${STEP.weights}`)).blob();
  const file = await SafetensorsFile.open(blobSource(blob, 'weights.safetensors'));
  return { threads: build.threads, times: await stepTimes(runtime, file) };
}
