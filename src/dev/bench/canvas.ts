import { availableParallelism } from 'node:os';
import { createServer } from 'vite';
import { chromium, type Page } from 'playwright';
import { chromiumLaunch } from '../chromium.ts';
import type { measureCanvas } from './canvas-page.ts';
import { measureStudio } from './canvas-studio.ts';
import { measureCrowd } from './crowd.ts';
import { percentile, printTable, type Row } from './report.ts';
import { withStudio } from './studio-page.ts';

const PAGE_MODULE = '/src/dev/bench/canvas-page.ts';
const SIDES = [4096, 8192];

/**
 * How fast the canvas follows the hand: the viewer worker alone with large pictures and a thousand masks, then the whole
 * studio while it refines, and with a thousand detections. Milliseconds, because a frame is one: they are of this machine and its software GPU only.
 */
export async function benchCanvas(): Promise<void> {
  console.log(`\nCanvas: software GPU, ${availableParallelism()} cores; milliseconds of this machine`);
  await withPage(async (page) => {
    for (const side of SIDES) {
      const times = await page.evaluate(
        async ([path, size]) => {
          const module = (await import(/* @vite-ignore */ path)) as { measureCanvas: typeof measureCanvas };
          return module.measureCanvas(size);
        },
        [PAGE_MODULE, side] as const,
      );
      printTable(`${side} × ${side} document, viewport 1200 × 800`, [
        ['', 'p50', 'p95'],
        row('pan and zoom: camera move to drawing', times.draws),
        row('pan and zoom: drawing to drawing', times.frames),
        row('the same with 1,000 masks shown', times.framesWithMasks),
        row('1,000 masks shown or hidden', times.toggles),
        row('brush: piece of a stroke to drawing', times.brush),
      ]);
    }
  });
  await withStudio([measureStudio, measureCrowd]);
}

export function row(label: string, values: readonly number[]): Row {
  return [label, percentile(values, 0.5).toFixed(1), percentile(values, 0.95).toFixed(1)];
}

async function withPage(run: (page: Page) => Promise<void>): Promise<void> {
  const server = await createServer({
    server: { host: '127.0.0.1', port: 0 },
    logLevel: 'error',
    cacheDir: 'node_modules/.vite-bench',
    optimizeDeps: { exclude: ['onnxruntime-web'], include: ['comlink'] },
  });
  await server.listen();
  const browser = await chromium.launch({ ...chromiumLaunch(), headless: true });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(new URL(PAGE_MODULE, server.resolvedUrls?.local[0]).href);
    await run(page);
  } finally {
    await browser.close();
    await server.close();
  }
}
