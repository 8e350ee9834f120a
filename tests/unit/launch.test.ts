import { describe, expect, it, vi } from 'vitest';
import { takeLaunchedFiles } from '#app/launch.ts';
import { messages } from '#app/messages.ts';

describe('takeLaunchedFiles', () => {
  it('hands over all files together, no folder, and says which could not be read', async () => {
    const taken: string[][] = [];
    const take = (opened: readonly File[]) => {
      taken.push(opened.map(({ name }) => name));
      return Promise.resolve();
    };
    const handle = (name: string, kind: 'file' | 'directory') =>
      ({ kind, name, getFile: () => Promise.resolve(new File([], name)) }) as unknown as FileSystemHandle;
    const files = [handle('a.png', 'file'), handle('models', 'directory'), handle('b.safetensors', 'file')];
    const gone = handle('gone.png', 'file');
    const failures: string[] = [];
    const fail = (sentence: string) => failures.push(sentence);
    const unreadable = Object.assign(gone, { getFile: () => Promise.reject(new Error('moved')) });
    takeLaunchedFiles(take, fail, {
      setConsumer: (consumer) => {
        consumer({});
        consumer({ files: [unreadable, ...files] });
      },
    });
    await expect.poll(() => taken).toEqual([[], ['a.png', 'b.safetensors']]);
    expect(failures).toEqual([messages.errors.notRead('gone.png', 'moved')]);
  });

  it('does nothing where the browser has no launch queue', () => {
    expect(() => takeLaunchedFiles(() => Promise.resolve(), vi.fn(), undefined)).not.toThrow();
  });
});
