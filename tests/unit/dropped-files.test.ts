import { describe, expect, it, vi } from 'vitest';
import { takeFiles } from '#app/dropped-files.ts';
import { messages } from '#app/messages.ts';
import { said, studio, withStudio } from './hand-studio.ts';

withStudio();

describe('files that come together', () => {
  const files = (...names: readonly string[]) => names.map((name) => new File([], name));
  const takenOf = async (...names: readonly string[]) => {
    const take = vi.spyOn(studio, 'takeFile').mockResolvedValue();
    await takeFiles(studio, files(...names));
    return take.mock.calls.map(([{ name }]) => name);
  };

  it('are all taken where they go side by side: one picture, models and texts', async () => {
    const names = ['a.safetensors', 'b.png', 'c.json', 'd.txt', 'e.sft'];
    expect(await takenOf(...names)).toEqual(names);
    expect(said).toEqual([]);
  });

  it('of several pictures the first, and the others are named', async () => {
    expect(await takenOf('a.png', 'b.jpg', 'c.json')).toEqual(['a.png', 'c.json']);
    expect(said.map(({ message }) => message)).toEqual([messages.welcome.onePicture('a.png', 'b.jpg', 0)]);
    said.length = 0;
    await takenOf('a.png', 'b.png', 'c.png', 'd.png', 'e.png', 'f.png');
    expect(said[0]?.message).toContain('b.png, c.png, d.png and 2 more');
  });
});
