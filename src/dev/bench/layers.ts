import { chromium } from 'playwright';
import { createServer } from 'vite';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { chromiumLaunch } from '../chromium.ts';
import { blendTimes, type BlendTimes } from './layers-blend.ts';
import type { measureBlend } from './layers-page.ts';
import { STEP, stepTimes } from './networks-step.ts';
import { median, printTable, times, type Row } from './report.ts';

const PAGE_MODULE = '/src/dev/bench/layers-page.ts';

/**
 * What the drag of an opacity slider costs: the promise is that no network runs, so each time stands beside one step of
 * the demo pack's UNet on the same machine.
 */
export async function benchLayers(): Promise<void> {
  const stepMs = Math.min(...(await stepTimes(new OrtNodeRuntime(), await openSafetensors(STEP.weights))));
  const twin = await blendTimes(new CpuPixelOps());
  const { adapter, times: kernel } = await inChromium();
  printTable(
    're-blend of a 1024² layer on a 4096² canvas after a change of its opacity, fastest and median',
    [
      ['', 'ms', 'median', `of a UNet step at ${STEP.side}² latents (CPU EP)`],
      ...rows('CPU twin in Node', twin, stepMs),
      ...rows(`kernels on ${adapter}, with upload and read-back`, kernel, stepMs),
    ],
  );
}

function rows(name: string, { alone, underTiles }: BlendTimes, stepMs: number): Row[] {
  const row = (label: string, all: readonly number[]): Row => [
    `${name}, ${label}`,
    Math.min(...all).toFixed(1),
    median(all).toFixed(1),
    times(Math.min(...all) / stepMs),
  ];
  return [row('alone', alone), row('under the tiles of a global pass', underTiles)];
}

async function inChromium(): ReturnType<typeof measureBlend> {
  const server = await createServer({ server: { host: '127.0.0.1', port: 0 }, logLevel: 'error' });
  await server.listen();
  const browser = await chromium.launch({ ...chromiumLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    // Any address of this origin will do: the module is imported by hand, the studio is not started.
    await page.goto(new URL(PAGE_MODULE, server.resolvedUrls?.local[0]).href);
    return await page.evaluate(async (path) => {
      const module = (await import(/* @vite-ignore */ path)) as { measureBlend: typeof measureBlend };
      return module.measureBlend();
    }, PAGE_MODULE);
  } finally {
    await browser.close();
    await server.close();
  }
}
