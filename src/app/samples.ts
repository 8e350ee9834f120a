import * as v from 'valibot';
import type { Locale } from './messages.ts';

/** What a sample shows, in words. */
export interface SampleText {
  readonly title: string;
  readonly caption: string;
}

/** A picture that comes with the studio. */
export interface Sample extends SampleText {
  readonly url: string;
  readonly fileName: string;
  /** Title and caption in languages other than English. */
  readonly translations: Readonly<Record<string, SampleText>>;
  /** Phrases worth trying on it. */
  readonly concepts: readonly string[];
}

const textSchema = v.object({ title: v.string(), caption: v.string() });
const indexSchema = v.array(
  v.object({
    ...textSchema.entries,
    file: v.string(),
    translations: v.record(v.string(), textSchema),
    concepts: v.array(v.string()),
  }),
);

const indexes = import.meta.glob<unknown>('../../models/demo/samples/index.json', {
  eager: true,
  import: 'default',
});
const urls = import.meta.glob<string>('../../models/demo/samples/*.{png,jpg,webp}', {
  eager: true,
  query: '?url',
  import: 'default',
});

/** The samples of the demo pack; empty when the pack has none. */
export function listSamples(): Sample[] {
  const parsed = v.safeParse(indexSchema, Object.values(indexes)[0]);
  if (!parsed.success) return [];
  return parsed.output.flatMap(({ file, ...rest }) => {
    const url = urls[`../../models/demo/samples/${file}`];
    return url === undefined ? [] : [{ url, fileName: file, ...rest }];
  });
}

/** Title and caption in a language; English when the pack does not have it. */
export const sampleText = (sample: Sample, locale: Locale): SampleText =>
  sample.translations[locale] ?? sample;

/** Fetches a sample from the studio's own files. @throws when it is not there. */
export async function fetchSample(sample: Sample): Promise<Blob> {
  const response = await fetch(sample.url);
  if (!response.ok) throw new Error(`${sample.fileName}: ${response.status}`);
  return response.blob();
}
