/**
 * What `src/dev/golden` uses of Node's file system and paths, over the committed reference data as the dev server
 * serves it: the golden handlers then run in the browser unchanged (vi.mock in the tests).
 */
const DATA = '../golden/data/';
const URLS = import.meta.glob<string>('../golden/data/**/*', {
  query: '?url',
  import: 'default',
  eager: true,
});

const loaded = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = URLS[DATA + path];
  if (!url) return Promise.reject(new Error(`no reference file "${path}"`));
  const known =
    loaded.get(path) ?? fetch(url).then(async (reply) => new Uint8Array(await reply.arrayBuffer()));
  loaded.set(path, known);
  return known;
}

export const fileSystem = {
  readFile: async (path: string) => new TextDecoder().decode(await bytesOf(path)),
  stat: async (path: string) => ({ size: (await bytesOf(path)).length }),
  open: async (path: string) => {
    const bytes = await bytesOf(path);
    return {
      read: (into: Uint8Array, at: number, length: number, begin: number) => {
        const part = bytes.subarray(begin, begin + length);
        into.set(part, at);
        return Promise.resolve({ bytesRead: part.length });
      },
      close: () => Promise.resolve(),
    };
  },
};

export const paths = {
  /** Folders are named relative to the reference data, so that `../clip_l/…` still finds its neighbour. */
  join: (...parts: string[]) => {
    const names: string[] = [];
    for (const name of parts.join('/').split('/'))
      if (name === '..') names.pop();
      else if (name !== '' && name !== '.') names.push(name);
    return names.join('/');
  },
  basename: (path: string) => path.split('/').at(-1) ?? '',
};
