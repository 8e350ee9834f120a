import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { preview, type PreviewServer } from 'vite';
import { chromiumLaunch } from '../../src/dev/chromium.ts';

/** The built studio, served and opened in the system's Chromium. */
export interface RunningStudio {
  readonly page: Page;
  readonly address: string;
  /** Everything the page or its worker logged as an error, and every request that left this machine. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** What a journey needs of the browser, and which build it wants. */
export interface StudioWish {
  readonly viewport?: { readonly width: number; readonly height: number };
  /** First of the languages the browser says its reader wants. */
  readonly locale?: string;
  /** Folder of the build; the usual one when absent. */
  readonly outDir?: string;
}

const WIDE = { width: 1440, height: 900 };

export async function openStudio({
  viewport = WIDE,
  locale = 'en-US',
  outDir = 'dist',
}: StudioWish = {}): Promise<RunningStudio> {
  const server = await preview({ preview: { port: 0 }, logLevel: 'error', build: { outDir } });
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error('the preview server has no address');
  const profile = await mkdtemp(join(tmpdir(), 'luna-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    ...chromiumLaunch(),
    headless: true,
    viewport,
    locale,
    acceptDownloads: true,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = collectComplaints(context, page, address);
  await page.goto(address);
  return { page, address, complaints, close: () => closeAll(context, server) };
}

function collectComplaints(context: BrowserContext, page: Page, address: string): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(blob|data):/.test(url)) complaints.push(`request to ${url}`);
  });
  return complaints;
}

async function closeAll(context: BrowserContext, server: PreviewServer): Promise<void> {
  await context.close();
  await server.close();
}
