import { describe, expect, it } from 'vitest';
import { takeLaunchedFiles } from '#app/launch.ts';

describe('takeLaunchedFiles', () => {
  it('hands over every file, one after the other, and no folder', async () => {
    const taken: string[] = [];
    const take = async (file: File) => {
      await Promise.resolve();
      taken.push(file.name);
    };
    const handle = (name: string, kind: 'file' | 'directory') =>
      ({ kind, name, getFile: () => Promise.resolve(new File([], name)) }) as unknown as FileSystemHandle;
    const files = [handle('a.png', 'file'), handle('models', 'directory'), handle('b.safetensors', 'file')];
    takeLaunchedFiles(take, {
      setConsumer: (consumer) => {
        consumer({});
        consumer({ files });
      },
    });
    await expect.poll(() => taken).toEqual(['a.png', 'b.safetensors']);
  });

  it('does nothing where the browser has no launch queue', () => {
    expect(() => takeLaunchedFiles(() => Promise.resolve(), undefined)).not.toThrow();
  });
});
