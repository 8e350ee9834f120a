import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SamplerName, SchedulerName } from '#domain/job/request.ts';
import { readA1111, readA1111Prompt } from '#domain/settings/a1111.ts';
import { samplingOfA1111 } from '#domain/settings/sampler-names.ts';
import { parametersText } from '#formats/parameters-text.ts';
import { request } from '../../pipelines-fakes.ts';

const said = (text: string) => readA1111(text)?.notes.map(String) ?? [];

describe('the parameters text', () => {
  it('of A1111 is read with its LoRAs, its model and what has no counterpart', () => {
    const found = readA1111(
      [
        'portrait of a woman, <lora:film grain:0.6>, (sharp:1.2)',
        'second line',
        'Negative prompt: blurry, lowres',
        'and worse',
        'Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 4294967295, Size: 832x1216, Model hash: 31e35c80fc, Model: sdXL_v10, Denoising strength: 0.4, Clip skip: 2, Hires upscaler: "4x, sharp", Version: v1.7.0',
      ].join('\r\n'),
    );
    expect(found).toMatchObject({
      source: 'A1111',
      prompt: 'portrait of a woman, (sharp:1.2)\nsecond line',
      negative: 'blurry, lowres\nand worse',
      sampling: { steps: 28, guidanceScale: 6.5, sampler: 'dpmpp_2m', scheduler: 'karras' },
      seed: 4294967295,
      denoise: 0.4,
      syntax: 'a1111',
      checkpoint: 'sdXL_v10',
      loras: [{ name: 'film grain', strength: 0.6 }],
    });
    expect(found?.notes.map(String)).toEqual(['Without counterpart here: Clip skip, Hires upscaler.']);
  });

  it('says what is left as it is', () => {
    const line = (more: string) => `a\nSteps: 20, Sampler: Euler, CFG scale: 5, Seed: 1${more}`;
    expect(said('a\nSteps: 20, Sampler: DPM++ 3M SDE, Schedule type: Beta, CFG scale: 5, Seed: 1')).toEqual([
      'Sampler “DPM++ 3M SDE” is not known here: left as it is.',
      'Schedule “Beta” is not known here: left as it is.',
    ]);
    expect(said('a\nSteps: 200, Sampler: Euler, CFG scale: 31, Seed: 4294967296')).toEqual([
      '200 steps are outside 1 to 150: left as they are.',
      'A prompt strictness (CFG) of 31 is outside 0 to 30: left as it is.',
      'Seed 4294967296 does not fit into 32 bits: left as it is.',
    ]);
    expect(said(line(', Denoising strength: 1'))).toEqual([
      expect.stringContaining('painted from nothing') as string,
    ]);
    expect(readA1111(line(', Denoising strength: 1'))?.denoise).toBeNull();
    expect(readA1111(line(', Denoising strength: 0.004'))?.denoise).toBe(0);
    expect(readA1111(line('').replace('Seed: 1', 'Seed: -1'))).toMatchObject({ seed: null, notes: [] });
  });

  it('ends with the last line of steps: a prompt may have such a line too', () => {
    const text = 'a stair\nSteps: 5 of them\nSteps: 7, Sampler: Euler, Seed: 1';
    expect(readA1111(text)).toMatchObject({ prompt: 'a stair\nSteps: 5 of them', sampling: { steps: 7 } });
  });

  it('leaves how weights are read alone where there are none', () => {
    expect(readA1111('plain\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 1')?.syntax).toBeNull();
  });

  it.each<[string, string | null, SamplerName | null, SchedulerName | null]>([
    ['Euler a', 'Automatic', 'euler_ancestral', 'normal'],
    ['DPM++ 2M', 'Automatic', 'dpmpp_2m', 'karras'],
    ['DPM++ 2M', null, 'dpmpp_2m', 'normal'],
    ['DPM++ 2M SGM Uniform', null, 'dpmpp_2m', 'sgm_uniform'],
    ['Heun', 'Uniform', 'heun', 'normal'],
    ['Euler', 'SGM Uniform', 'euler', 'sgm_uniform'],
    ['LCM', 'Automatic', 'lcm', null],
    ['DPM++ 2M SDE Karras', null, null, 'karras'],
  ])('knows %s with the schedule %s', (sampler, schedule, ours, spacing) => {
    expect(samplingOfA1111(sampler, schedule)).toMatchObject({ sampler: ours, scheduler: spacing });
  });

  it('of our own export comes back as it was', () => {
    const samplers: SamplerName[] = ['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm'];
    const schedulers: SchedulerName[] = ['karras', 'normal', 'sgm_uniform', 'exponential', 'simple'];
    const words = fc
      .stringMatching(/^[a-z][a-z (:.)0-9é,]{0,40}[a-z)]$/)
      .filter((text) => !text.includes('  '));
    fc.assert(
      fc.property(
        words,
        words,
        fc.constantFrom(...samplers),
        fc.constantFrom(...schedulers),
        fc.integer({ min: 1, max: 150 }),
        fc.nat(0xffffffff),
        (prompt, negative, sampler, scheduler, steps, seed) => {
          const { global, sampling, scaffold } = request();
          const made = request({
            concepts: [],
            global: { ...global, prompt, negative, denoise: 0.25 },
            sampling: { ...sampling, sampler, scheduler, steps },
            scaffold: { ...scaffold, seed },
          });
          const found = readA1111(parametersText(made, { width: 64, height: 48 }, 'm.safetensors'));
          expect(found).toMatchObject({ prompt, negative, seed, denoise: 0.25, checkpoint: 'm.safetensors' });
          expect(found?.sampling).toEqual(made.sampling);
          expect(found?.notes).toEqual([]);
        },
      ),
    );
  });

  it.each(['', 'a cat', 'Steps: many', 'Steps: 20', 'Negative prompt: x', '{"Steps": 20}'])(
    'is not %j',
    (text) => expect(readA1111(text)).toBeNull(),
  );

  it('without settings still has its words, in a file', () => {
    expect(readA1111Prompt('a cat\nNegative prompt: dog')).toMatchObject({
      prompt: 'a cat',
      negative: 'dog',
    });
    expect(readA1111Prompt(' \n')).toBeNull();
  });

  it('never throws and never takes long, whatever it is', () => {
    const piece = fc.constantFrom(
      '\nSteps: 1, ',
      'Seed: ',
      '<lora:',
      ':',
      '"',
      '\\',
      ',',
      '\n',
      '>',
      'x',
      '(',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 300 }),
          fc.array(piece).map((all) => all.join('')),
        ),
        (text) => {
          const found = readA1111(`${text}\nSteps: 3, Seed: 1, ${text}`);
          expect(found === null || found.source === 'A1111').toBe(true);
        },
      ),
    );
    // Anything but linear would run into the test's time limit.
    for (const odd of ['<lora:', '<lora:a', '"', 'x: "', ', a:', '\n', ' ', 'Steps: ', '\nSteps: 1', '\\']) {
      const long = odd.repeat(900_000 / odd.length);
      expect(readA1111(`${long}\nSteps: 3, Seed: 1, ${long}`)?.seed ?? 1).toBe(1);
    }
  });
});
