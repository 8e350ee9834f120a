import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { VitePWA, type VitePWAOptions } from 'vite-plugin-pwa';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch } from './src/dev/chromium.ts';

/** Threads of the wasm backend need SharedArrayBuffer, which needs cross-origin isolation. */
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/**
 * What the built page may load and reach (spec/reliability-ux.md S8): its own files, and the model hub for downloads.
 * Workers get it too, from their own response. onnxruntime compiles wasm; Svelte's templates carry style attributes.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self' blob: https://huggingface.co https://*.huggingface.co https://hf.co https://*.hf.co",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of the built studio, also wherever else it is hosted (src/sw/README.md). */
const studioHeaders = {
  ...isolationHeaders,
  'Content-Security-Policy': contentSecurityPolicy,
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};

type ManifestTransform = NonNullable<VitePWAOptions['injectManifest']['manifestTransforms']>[number];

let outDir = 'dist';

/** Notes each file's SHA-256 for the service worker, whose fetches the browser then checks against it. */
const withIntegrity: ManifestTransform = async (entries) => ({
  manifest: await Promise.all(
    entries.map(async (entry) => {
      const hash = createHash('sha256').update(await readFile(join(outDir, entry.url)));
      return { ...entry, integrity: `sha256-${hash.digest('base64')}` };
    }),
  ),
  warnings: [],
});

const whereBuilt: Plugin = {
  name: 'where-built',
  configResolved: ({ build }) => void (outDir = build.outDir),
};

/** Builds src/sw; with LUNA_REMOVE_OFFLINE=1 a worker in its place that takes itself and its cache away. */
const offline = VitePWA({
  strategies: 'injectManifest',
  srcDir: 'src/sw',
  filename: 'service-worker.ts',
  injectRegister: null,
  manifest: false,
  includeManifestIcons: false,
  selfDestroying: process.env['LUNA_REMOVE_OFFLINE'] === '1',
  injectManifest: {
    globPatterns: ['**/*'],
    globIgnores: ['service-worker.js'],
    dontCacheBustURLsMatching: /^assets\//,
    maximumFileSizeToCacheInBytes: 64 * 1024 * 1024,
    manifestTransforms: [withIntegrity],
  },
});

export default defineConfig({
  plugins: [svelte(), whereBuilt, offline],
  server: { headers: isolationHeaders, host: '127.0.0.1' },
  preview: { headers: studioHeaders, host: '127.0.0.1' },
  worker: { format: 'es' },
  build: { target: 'esnext', chunkSizeWarningLimit: 2000 },
  optimizeDeps: {
    exclude: ['onnxruntime-web'],
    include: [
      'fast-check',
      'onnx-buf',
      '@bufbuild/protobuf',
      'valibot',
      'comlink',
      'idb',
      'hash-wasm',
      'yaml',
      '@huggingface/hub',
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts', 'tests/golden/**/*.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.e2e.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 40 * 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['tests/gpu/**/*.gpu.test.ts'],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
