import { chromium, type Browser, type Page } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { chromiumLaunch } from '../chromium.ts';
import type { Adapter, LoadWorkerApi } from './load-worker.ts';
import type * as PageModule from './page.ts';
import { browserProcesses, forgetPeak, residentBytes } from './processes.ts';

const PAGE_MODULE = '/src/dev/fullsize/page.ts';
const PAGE_PACKAGES = ['@bufbuild/protobuf', 'onnx-buf', 'valibot', 'comlink'];

type Call = {
  readonly [K in keyof LoadWorkerApi]: (
    ...args: Parameters<LoadWorkerApi[K]>
  ) => Promise<Awaited<ReturnType<LoadWorkerApi[K]>>>;
};

/** Peaks and present sizes of the two processes that a load happens in. */
export interface Memory {
  readonly rendererPeak: number;
  readonly gpuPeak: number;
  readonly gpuNow: number;
}

/** A page of headless Chromium with files in its picker, and the worker that loads them. */
export class ChromiumPage {
  readonly #server: ViteDevServer;
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #renderers: readonly number[];
  readonly #gpu: number;

  private constructor(
    server: ViteDevServer,
    browser: Browser,
    page: Page,
    processes: { readonly renderers: readonly number[]; readonly gpu: number },
  ) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
    this.#renderers = processes.renderers;
    this.#gpu = processes.gpu;
  }

  static async open(): Promise<ChromiumPage> {
    const server = await createServer({
      // A page that reloads because a source file changed would lose its measurement.
      server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
      logLevel: 'error',
      // Packages met only while the page runs would make the server reload it; and other servers may be running.
      cacheDir: 'node_modules/.vite-fullsize',
      optimizeDeps: { exclude: ['onnxruntime-web'], include: PAGE_PACKAGES },
    });
    await server.listen();
    const { executablePath, args } = chromiumLaunch();
    // So that garbage of the plain reads does not count as memory of the load.
    const options = { executablePath, args: [...args, '--js-flags=--expose-gc'], headless: true };
    const browser = await chromium.launch(options);
    const page = await browser.newPage();
    // Any address of this origin will do: the module is imported by hand, the studio is not started.
    await page.goto(new URL(PAGE_MODULE, server.resolvedUrls?.local[0]).href);
    const all = await browserProcesses(await browser.newBrowserCDPSession());
    const ids = (type: string) => all.filter((process) => process.type === type).map(({ id }) => id);
    const [gpu = 0] = ids('GPU');
    return new ChromiumPage(server, browser, page, { renderers: ids('renderer'), gpu });
  }

  /** Puts files into the page's picker, by reference, and has a fresh worker open them. */
  async openFiles(paths: readonly string[]): Promise<Adapter> {
    await this.#page.evaluate(() => {
      const picker = document.createElement('input');
      Object.assign(picker, { type: 'file', multiple: true });
      document.body.replaceChildren(picker);
    });
    await this.#page.setInputFiles('input', [...paths]);
    return this.#page.evaluate(async (path) => {
      const module = (await import(/* @vite-ignore */ path)) as typeof PageModule;
      return module.startWorker();
    }, PAGE_MODULE);
  }

  /** The worker's methods. */
  call<K extends keyof Call>(method: K, ...args: Parameters<Call[K]>): ReturnType<Call[K]> {
    return this.#page.evaluate(
      async ([path, method, args]) => {
        const module = (await import(/* @vite-ignore */ path)) as typeof PageModule;
        return module.callWorker(method, args);
      },
      [PAGE_MODULE, method, args] as const,
    ) as ReturnType<Call[K]>;
  }

  /** Ends the worker as the browser would a crashed one: in the middle of whatever it does. */
  async killWorker(): Promise<void> {
    await this.#page.evaluate(async (path) => {
      ((await import(/* @vite-ignore */ path)) as typeof PageModule).killWorker();
    }, PAGE_MODULE);
  }

  forgetPeaks(): void {
    for (const pid of [...this.#renderers, this.#gpu]) forgetPeak(pid);
  }

  memory(): Memory {
    const gpu = residentBytes(this.#gpu);
    const peaks = this.#renderers.map((pid) => residentBytes(pid).peak);
    return { rendererPeak: Math.max(...peaks), gpuPeak: gpu.peak, gpuNow: gpu.now };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }
}
