/** One file of the build. `integrity` is a subresource-integrity value, "sha256-…"; the browser checks it. */
export interface ManifestEntry {
  readonly url: string;
  /** Null where the name carries the hash of the content. */
  readonly revision: string | null;
  readonly integrity?: string;
}

/** Of the two onnxruntime builds a browser can run one (src/inference/ort-web.ts); the other is not worth 27 MB. */
export function usableEntries(entries: readonly ManifestEntry[], hasJspi: boolean): readonly ManifestEntry[] {
  const foreign = hasJspi ? /asyncify|ort\.webgpu\./ : /jspi/;
  return entries.filter(({ url }) => !foreign.test(url));
}

/** Keeps a redirect, a captive portal's page or another origin's answer out of the cache (S10). */
export function isCacheable(response: Pick<Response, 'status' | 'type' | 'redirected'>): boolean {
  return response.status === 200 && response.type === 'basic' && !response.redirected;
}

/** Workbox plugin: fetches refuse redirects, and only plain answers of our own origin are stored. */
export const onlyVerified = {
  requestWillFetch: ({ request }: { request: Request }) =>
    Promise.resolve(new Request(request, { redirect: 'error', credentials: 'omit' })),
  cacheWillUpdate: ({ response }: { response: Response }) =>
    Promise.resolve(isCacheable(response) ? response : null),
};
