import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import {
  EXTRA_MODEL_PATHS_MAX_BYTES,
  isAbsolutePath,
  parseExtraModelPaths,
  pathComponents,
} from '#formats/extra-model-paths.ts';

const parse = (text: string) => parseExtraModelPaths(new TextEncoder().encode(text));

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', code: 'bad-file' });
    return (error as AppError).message;
  }
  return expect.fail('should be refused');
}

/** Nine levels of nine aliases each: 387 million values from 300 bytes. */
const BOMB = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`),
].join('\n');

describe('extra_model_paths.yaml', () => {
  it('reads sections, base paths, and one or many lines', () => {
    const text = `
# comment
comfyui:
    base_path: path/to/comfyui/
    is_default: true
    checkpoints: models/checkpoints/
    clip: |
        models/text_encoders/
        models/clip/  # legacy

a111:
    base_path: /srv/webui
    loras: |
         models/Lora
         /elsewhere/loras
other:
    vae: C:\\models\\vae
`;
    expect(parse(text)).toEqual([
      { kind: 'checkpoints', path: 'path/to/comfyui/models/checkpoints/' },
      { kind: 'clip', path: 'path/to/comfyui/models/text_encoders/' },
      { kind: 'clip', path: 'path/to/comfyui/models/clip/  # legacy' },
      { kind: 'loras', path: '/srv/webui/models/Lora' },
      { kind: 'loras', path: '/elsewhere/loras' },
      { kind: 'vae', path: 'C:\\models\\vae' },
    ]);
  });

  it('takes what is not meant as paths for nothing', () => {
    for (const text of ['', '# only a comment', 'a: 1', 'a:\n  b: 1\n  c: [1, {d: 2}]', '- a\n- b', 'null'])
      expect(parse(text)).toEqual([]);
    expect(parse('s:\n  base_path: 7\n  loras: x')).toEqual([{ kind: 'loras', path: 'x' }]);
  });

  it('keeps __proto__ and merge keys plain data', () => {
    expect(parse('s:\n  __proto__: a\n  constructor: b')).toEqual([
      { kind: '__proto__', path: 'a' },
      { kind: 'constructor', path: 'b' },
    ]);
    expect(parse('__proto__:\n  polluted: yes\n')).toEqual([{ kind: 'polluted', path: 'yes' }]);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    expect(parse('d: &d\n  vae: v\ns:\n  <<: *d\n  loras: l')).toEqual([
      { kind: 'vae', path: 'v' },
      { kind: 'loras', path: 'l' },
    ]);
  });

  it('refuses bombs in little time', () => {
    const started = performance.now();
    expect(refusal(BOMB)).toContain('YAML');
    expect(refusal('['.repeat(50_000))).toContain('nested');
    expect(refusal('{a: '.repeat(50_000))).toContain('nested');
    expect(refusal('- '.repeat(50_000))).toContain('nested');
    expect(refusal(`${'? '.repeat(50_000)}x`)).toContain('nested');
    const stairs = Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`);
    expect(refusal(stairs.join('\n'))).toContain('nested');
    expect(refusal(' '.repeat(EXTRA_MODEL_PATHS_MAX_BYTES + 1))).toContain('256 KiB');
    expect(refusal(`s:\n  loras: |\n${'    x\n'.repeat(1001)}`)).toContain('1000');
    expect(refusal('ok: 1\na: {')).toContain('line 2');
    expect(refusal('a: }\n'.repeat(50_000))).toContain('line 1');
    expect(refusal('a: !!js/function x\nb: }')).toContain('YAML');
    const many = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(parse(many)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('answers paths or a sentence, whatever the text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'a:',
        '  base_path: ..',
        '  loras: |',
        '    ../../x',
        '  b: &a [*a]',
        '- ? :',
        '<<: *a',
        '%YAML 9',
        '---',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          for (const { kind, path } of parse(lines.join('\n')))
            expect([typeof kind, typeof path]).toEqual(['string', 'string']);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('paths', () => {
  it('are absolute on any system or not at all', () => {
    for (const path of ['/a', 'C:\\a', 'd:/a', '\\\\server\\a', '~/a', '%HOME%\\a', '$HOME/a'])
      expect(isAbsolutePath(path)).toBe(true);
    for (const path of ['a/b', './a', '../a', 'C', 'models:x']) expect(isAbsolutePath(path)).toBe(false);
  });

  it('never climb above their start', () => {
    expect(pathComponents('a/./b//c/../d\\e')).toEqual(['a', 'b', 'd', 'e']);
    expect(pathComponents('a/../../b')).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', 'a', 'b', ''), { maxLength: 12 }), (parts) => {
        const components = pathComponents(parts.join('/'));
        expect(components?.some((part) => ['', '.', '..'].includes(part)) ?? false).toBe(false);
      }),
    );
  });
});
