import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright';
import { build, preview } from 'vite';
import { chromiumLaunch } from '../chromium.ts';
import { installClock } from './paint-clock.ts';

const VIEWPORT = { width: 1440, height: 900 };

/** Builds the studio for its own folder, opens it in Chromium for each of these in turn, and cleans up. */
export async function withStudio(runs: readonly ((page: Page) => Promise<void>)[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'luna-bench-'));
  await build({ logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  const server = await preview({ preview: { port: 0 }, logLevel: 'error', build: { outDir: folder } });
  const browser = await chromium.launch({ ...chromiumLaunch(), headless: true });
  try {
    for (const run of runs) await inPage(browser, server.resolvedUrls?.local[0] ?? '', run);
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each in a context of its own: nothing of the document before is remembered. */
async function inPage(browser: Browser, address: string, run: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  page.setDefaultTimeout(60_000);
  await installClock(page);
  await page.goto(address);
  await run(page);
  await page.close();
}
