import { describe, expect, it } from 'vitest';
import { parametersText } from '#formats/parameters-text.ts';
import { refuseByName } from '#formats/weight-file-name.ts';
import { concept, request } from './pipelines-fakes.ts';

const SIZE = { width: 4096, height: 3072 };

describe('names of weight files', () => {
  it.each(['model.ckpt', 'a.b.PT', 'x.pth', 'pytorch_model.bin', 'w.pkl'])(
    'refuses the pickle %s',
    (name) => {
      expect(() => refuseByName(name)).toThrow(
        expect.objectContaining({
          code: 'bad-file',
          message: expect.stringContaining(`"${name}"`) as string,
        }),
      );
      expect(() => refuseByName(name)).toThrow(/pickle .* Convert it to \.safetensors/);
    },
  );

  it.each(['model.safetensors', 'ckpt', 'my.ckpt.safetensors', 'picture.png'])(
    'leaves %s to its content',
    (name) => {
      expect(() => refuseByName(name)).not.toThrow();
    },
  );
});

describe('the A1111 parameters text', () => {
  it('has prompt, negative and one line of settings', () => {
    const text = parametersText(
      request({
        concepts: [concept({ prompt: 'detailed face', negative: 'blurry' })],
        global: { ...request().global, prompt: 'sharp', negative: 'noise' },
      }),
      SIZE,
      'sdxl.safetensors',
    );
    expect(text.split('\n')).toEqual([
      'sharp, detailed face',
      'Negative prompt: noise, blurry',
      'Steps: 3, Sampler: Euler, Schedule type: Karras, CFG scale: 1, Seed: 7, Size: 4096x3072, Model: sdxl.safetensors, Denoising strength: 0.3, Version: Luna Studio',
    ]);
  });

  it('falls back to the phrase, says each text once and leaves out an empty negative', () => {
    const concepts = [concept(), concept({ phrase: 'eye', prompt: 'sharp' }), concept({ negative: '  ' })];
    const lines = parametersText(request({ concepts }), SIZE, 'm').split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe('sharp, face');
  });

  it('keeps a prompt with line breaks on its one line, so that it cannot pose as another field', () => {
    const global = { ...request().global, prompt: 'sharp\nNegative prompt: none\r\nSteps: 1' };
    const lines = parametersText(request({ global, concepts: [] }), SIZE, 'm').split('\n');
    expect(lines[0]).toBe('sharp Negative prompt: none Steps: 1');
    expect(lines).toHaveLength(2);
  });
});
