import { chromium } from 'playwright';
import { createServer } from 'vite';
import { chromiumLaunch } from '../chromium.ts';
import type { KernelRatio, measureKernels } from './kernels-page.ts';

const PAGE_MODULE = '/src/dev/bench/kernels-page.ts';

/**
 * Every kernel over 4096², in headless Chromium, against a plain copy kernel that moves the same bytes on the same
 * device in the same run. Prints one line per kernel and returns them.
 */
export async function benchKernels(): Promise<KernelRatio[]> {
  const server = await createServer({ server: { host: '127.0.0.1', port: 0 }, logLevel: 'error' });
  await server.listen();
  const browser = await chromium.launch({ ...chromiumLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    // Any address of this origin will do: the module is imported by hand, the studio is not started.
    await page.goto(new URL(PAGE_MODULE, server.resolvedUrls?.local[0]).href);
    const { adapter, kernels } = await page.evaluate(async (path) => {
      const module = (await import(/* @vite-ignore */ path)) as { measureKernels: typeof measureKernels };
      return module.measureKernels();
    }, PAGE_MODULE);
    console.log(`kernels at 4096² on ${adapter}, time as a multiple of a copy kernel of the same bytes`);
    for (const { name, mebibytes, ratio } of kernels)
      console.log(
        `  ${name.padEnd(36)} ${`${Math.round(mebibytes)} MiB`.padStart(9)} ${ratio.toFixed(2).padStart(8)} ×`,
      );
    return kernels;
  } finally {
    await browser.close();
    await server.close();
  }
}
