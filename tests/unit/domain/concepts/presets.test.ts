import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { adoptConcepts } from '#domain/concepts/adopt.ts';
import { exportPreset, readPreset } from '#domain/concepts/preset-file.ts';
import { PRESET_IDS, PRESETS } from '#domain/concepts/presets.ts';
import { isCircular } from '#domain/detection/dependencies.ts';
import { conceptSchema } from '#domain/job/schema.ts';
import { AppError } from '#domain/job/app-error.ts';
import { conceptOf } from '../detection/fixtures.ts';

describe('built-in presets', () => {
  it.each(PRESET_IDS)(
    '%s: every concept is valid, refers to its siblings only and comes after its parent',
    (id) => {
      const concepts = PRESETS[id];
      const ids = concepts.map((concept) => concept.id);
      expect(new Set(ids).size).toBe(ids.length);
      const needs = new Map(concepts.map(({ id, rules }) => [id, [rules.partOf ?? []].flat()]));
      for (const concept of concepts) {
        const { rules, layer } = concept;
        expect(v.safeParse(conceptSchema, concept).issues).toBeUndefined();
        expect(ids).toEqual(expect.arrayContaining([...rules.exclude]));
        if (rules.partOf === null) continue;
        const parent = concepts.find((other) => other.id === rules.partOf);
        expect(parent?.layer).toBeLessThan(layer);
        expect(isCircular(needs, concept.id, rules.partOf)).toBe(false);
      }
    },
  );
});

describe('taking over concepts', () => {
  it('gives ids of the document, and references follow', () => {
    const preset = [
      conceptOf('face', { exclude: ['glasses', 'gone'], partOf: 'gone' }),
      conceptOf('eye', { partOf: 'face' }),
      conceptOf('glasses', { exclude: ['eye'] }),
    ];
    const newId = (taken: readonly string[]) => {
      for (let n = 1; ; n++) if (!taken.includes(`concept-${n}`)) return `concept-${n}`;
    };
    const adopted = adoptConcepts(preset, ['concept-1', 'concept-3'], newId);
    expect(adopted.map(({ id }) => id)).toEqual(['concept-2', 'concept-4', 'concept-5']);
    expect(adopted.map(({ rules }) => [rules.partOf, rules.exclude])).toEqual([
      [null, ['concept-5']],
      ['concept-2', []],
      [null, ['concept-4']],
    ]);
  });
});

describe('preset files', () => {
  const preset = { name: 'Mine', concepts: PRESETS.portrait };
  const file = JSON.parse(exportPreset(preset)) as Record<string, unknown>;
  const withFields = (fields: object) => JSON.stringify({ ...file, ...fields });
  const sentenceOf = (text: string): string => {
    try {
      readPreset(text);
    } catch (error) {
      if (error instanceof AppError && error.code === 'bad-file') return error.message;
      throw error;
    }
    return 'no error';
  };

  it('come back as they were written, also with a byte order mark', () => {
    for (const id of PRESET_IDS)
      expect(readPreset(exportPreset({ name: id, concepts: PRESETS[id] }))).toEqual({
        name: id,
        concepts: PRESETS[id],
      });
    expect(readPreset(`\uFEFF${exportPreset(preset)}`)).toEqual(preset);
  });

  it('ignore fields that are not known', () => {
    const concepts = PRESETS.portrait.map((concept) => ({ ...concept, colour: 'red' }));
    expect(readPreset(withFields({ author: 'somebody', concepts }))).toEqual(preset);
  });

  it('of the future, of other apps, of other kinds and broken ones are refused with a way on', () => {
    expect(sentenceOf(withFields({ version: 2 }))).toMatch(/newer Luna Studio.*version 2.*up to 1.*Reload/);
    expect(sentenceOf(withFields({ version: 2, concepts: 'of another form' }))).toMatch(/newer/);
    const strangers = [
      withFields({ app: 'Other' }),
      withFields({ kind: 'shortcuts' }),
      withFields({ version: '1' }),
      withFields({ version: 0 }),
      withFields({ version: 1.5 }),
      '[]',
      'null',
      '3',
    ];
    for (const text of strangers) expect(sentenceOf(text)).toMatch(/not a concept preset.*Choose/);
    for (const text of ['', '{', exportPreset(preset).slice(0, 300)])
      expect(sentenceOf(text)).toMatch(/no complete JSON.*again/);
  });

  it('say which field is damaged', () => {
    const concepts = [{ ...PRESETS.portrait[0], denoise: 7 }];
    expect(sentenceOf(withFields({ concepts }))).toMatch(/concepts\.0\.denoise.*Export it again/);
    expect(sentenceOf(withFields({ concepts: [] }))).toMatch(/concepts: is shorter than 1/);
    expect(sentenceOf(withFields({ name: undefined }))).toMatch(/name/);
    const twice = [PRESETS.portrait[0], PRESETS.portrait[0]];
    expect(sentenceOf(withFields({ concepts: twice }))).toMatch(/two have one id/);
    const many = Array.from({ length: 101 }, (_, i) => ({ ...PRESETS.portrait[0], id: `${i}` }));
    expect(sentenceOf(withFields({ concepts: many }))).toMatch(/concepts/);
  });
});
