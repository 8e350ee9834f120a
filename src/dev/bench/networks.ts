import { availableParallelism } from 'node:os';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { chromiumLaunch } from '../chromium.ts';
import type { measureWasmStep } from './networks-page.ts';
import { STEP, stepTimes } from './networks-step.ts';
import { median, printTable, times } from './report.ts';

const PAGE_MODULE = '/src/dev/bench/networks-page.ts';
const PAGE_PACKAGES = ['@bufbuild/protobuf', 'onnx-buf', 'valibot'];

/**
 * One step of the tiny UNet on the wasm provider in headless Chromium against onnxruntime-node's CPU provider: the
 * same graph, weights and number of threads. Node is measured before and after, so that a busy machine shows.
 */
export async function benchNetworks(): Promise<void> {
  const before = await nodeStep();
  const wasm = await wasmStep();
  const after = await nodeStep(wasm.threads);
  const node = median([...before, ...after]);
  printTable(
    `tiny UNet step, ${STEP.side}×${STEP.side} latents, ${wasm.threads} threads: onnxruntime-web (wasm EP, Chromium) over onnxruntime-node (CPU EP)`,
    [
      ['median of 5 runs', times(median(wasm.times) / node)],
      ['fastest run', times(Math.min(...wasm.times) / Math.min(...before, ...after))],
      ['onnxruntime-node, slower of its two rounds over the faster (noise)', times(spread(before, after))],
    ],
  );
}

function spread(a: readonly number[], b: readonly number[]): number {
  const ratio = median(a) / median(b);
  return Math.max(ratio, 1 / ratio);
}

async function nodeStep(threads = availableParallelism()): Promise<number[]> {
  return stepTimes(new OrtNodeRuntime({ threads }), await openSafetensors(STEP.weights));
}

async function wasmStep(): Promise<{ threads: number; times: number[] }> {
  const server = await createServer({
    server: { host: '127.0.0.1', port: 0 },
    logLevel: 'error',
    // Packages met only while the page runs would make the server reload it; and other servers may be running.
    cacheDir: 'node_modules/.vite-bench',
    optimizeDeps: { exclude: ['onnxruntime-web'], include: PAGE_PACKAGES },
  });
  await server.listen();
  const browser = await chromium.launch({ ...chromiumLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    // Any address of this origin will do: the module is imported by hand, the studio is not started.
    await page.goto(new URL(PAGE_MODULE, server.resolvedUrls?.local[0]).href);
    return await page.evaluate(async (path) => {
      const module = (await import(/* @vite-ignore */ path)) as { measureWasmStep: typeof measureWasmStep };
      return module.measureWasmStep();
    }, PAGE_MODULE);
  } finally {
    await browser.close();
    await server.close();
  }
}
