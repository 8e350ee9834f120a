import { sentence, type Sentence } from '#domain/job/sentence.ts';

/** "6.9 GB", "850 MB", "12 kB": decimal units, as file managers and hubs count. */
export function byteWords(bytes: number): Sentence {
  if (bytes >= 1e9) return sentence`${Number((bytes / 1e9).toFixed(1))} GB`;
  if (bytes >= 1e6) return sentence`${Math.round(bytes / 1e6)} MB`;
  return sentence`${Math.ceil(bytes / 1e3)} kB`;
}
