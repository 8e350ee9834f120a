import { render } from 'svelte/server';
import { describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { LOCALES, messages } from '#app/messages.ts';
import { listSamples } from '#app/samples.ts';
import { Studio } from '#app/studio.ts';
import { WorkerClient } from '#app/worker-client.ts';
import App from '#ui/App.svelte';

vi.mock('#app/messages/en/index.ts', async (original) => {
  const { pseudoCatalogue } = await import('./pseudo-catalogue.ts');
  return pseudoCatalogue(await original());
});
// There is no IndexedDB here, and nothing that was stored is asked for.
vi.mock('idb-keyval', async (original) => ({
  ...(await original<object>()),
  createStore: () => () => new Promise(() => undefined),
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
}));

const SPOKEN = /\s(?:aria-(?:label|description|roledescription|valuetext)|title|alt|placeholder)="([^"]*)"/g;
/** What comes from the pack or is a name of its own in every language. */
const FOREIGN = [
  ...Object.values(LOCALES),
  // The toasts' own key.
  'alt+T',
  ...listSamples().flatMap(({ title, caption, concepts }) => [title, caption, ...concepts]),
];

/** Letters of the page that are seen or read aloud and did not come from the catalogue. */
function foreignWords(html: string): string[] {
  const body = html.replaceAll(/<!--.*?-->/gs, '').replaceAll(/<(script|style)\b.*?<\/\1>/gs, '');
  const spoken = [...body.matchAll(SPOKEN)].map(([, text = '']) => text);
  const seen = body.replaceAll(/"[^"]*"/g, '""').split(/<[^>]*>/);
  return [...spoken, ...seen].map(outside).filter((text) => /\p{L}/u.test(text));
}

/** The text without what is in the catalogue's brackets, pictures' own words, and the letters on keys. */
function outside(text: string): string {
  let rest = text;
  for (let inner = ''; inner !== rest; rest = rest.replaceAll(/⟦[^⟦⟧]*⟧/g, '')) inner = rest;
  return FOREIGN.includes(rest.trim()) ? '' : rest.replaceAll(/(?<!\p{L})[A-Z](?!\p{L})/gu, '').trim();
}

function studioWith(set: (studio: Studio) => void): Studio {
  const silent = { info: () => undefined, error: () => undefined };
  const studio = new Studio(silent, DEFAULTS, () => new WorkerClient(() => undefined));
  set(studio);
  return studio;
}

describe('the page in a pseudo-language', () => {
  it.each<[string, (studio: Studio) => void]>([
    ['before a picture is opened', () => undefined],
    [
      'with explanations and a start that failed',
      ({ document, view }) => {
        view.explain = true;
        document.startError = messages.errors.notStarted('⟦⟧');
      },
    ],
    [
      'with a picture and a concept of it',
      ({ document }) => {
        const size = { width: 64, height: 48 };
        const image = { name: '⟦a.png⟧', size, sha256: '', carried: null };
        document.takeImage({ ...image, file: new Blob(), url: 'blob:x' });
        document.addConcept('⟦face⟧');
      },
    ],
  ])('says nothing that is not in the catalogue %s', (_, set) => {
    const { body } = render(App, { props: { studio: studioWith(set) } });
    expect(body).toContain('⟦Ļûñá Šţûðíö');
    expect(foreignWords(body)).toEqual([]);
  });

  it('would show a text that is not', () => {
    const html =
      '<p title="⟦Ñö~⟧ (A)">⟦Ýéš~⟧<!--c--> and <b aria-label="Close">no</b> <i class="x">B</i></p>';
    expect(foreignWords(html)).toEqual(['Close', 'and', 'no']);
  });
});
