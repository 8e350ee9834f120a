import { afterEach, describe, expect, it } from 'vitest';
import { JobState } from '#app/job-state.svelte.ts';
import { chooseLocale, messages, said } from '#app/messages.ts';
import { sentence } from '#domain/job/sentence.ts';

afterEach(() => chooseLocale(null));

describe('what the run bar keeps', () => {
  it('is said anew when the language changes: progress and notices', () => {
    const job = new JobState();
    const id = job.begin('refine');
    const label = sentence`tile ${3}/${25}`;
    const detail = sentence`${label} · step ${2}/${4}`;
    job.apply(id, { kind: 'progress', phase: 'global', fraction: 0.2, remainingMs: null, detail });
    job.apply(id, { kind: 'notice', message: 'Open a picture first.' });
    const shown = () => [job.phaseText, job.detail, ...job.notices];
    expect(shown()).toEqual(['Refining the whole picture', 'tile 3/25 · step 2/4', 'Open a picture first.']);
    chooseLocale('de');
    expect(shown()).toEqual([
      'Das ganze Bild wird verfeinert',
      'Kachel 3/25 · Schritt 2/4',
      'Zuerst ein Bild öffnen.',
    ]);
  });

  it('is said anew when the language changes: what came of it', () => {
    const job = new JobState();
    job.begin('detect');
    job.finish(() => messages.bar.detected(2, 1));
    const shown = () => [job.outcome, job.announcement];
    expect(shown()).toEqual(Array(2).fill('Found 2 detections for 1 concept.'));
    chooseLocale('de');
    expect(shown()).toEqual(Array(2).fill('2 Erkennungen für 1 Konzept gefunden.'));
  });

  it('may be a plain text, a sentence with values, or a text of the page', () => {
    chooseLocale('de');
    const all = ['x.png', sentence`loading ${'x'}`, () => messages.app.undo].map(said);
    expect(all).toEqual(['x.png', 'Laden von x', 'Rückgängig']);
  });
});
