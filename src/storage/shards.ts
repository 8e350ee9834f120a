import { sentence, type Sentence } from '#domain/job/sentence.ts';

const INDEX = /^(.+)\.safetensors\.index(\.[^.]+)?\.json$/i;
const SHARD = /^(.+)-\d{5}-of-\d{5}\.safetensors$/i;

/** Split models of one folder, and the names of all their pieces. */
export interface Sharded {
  /** One per split model: the file that stands for it and why it cannot be used. */
  readonly models: readonly { readonly name: string; readonly sentence: Sentence }[];
  readonly shards: ReadonlySet<string>;
}

/** Models split into several files, as diffusers and transformers save big ones, among the names of one folder. */
export function shardedModels(names: readonly string[]): Sharded {
  const shards = names.filter((name) => SHARD.test(name));
  const bases = new Map<string, string>();
  for (const name of [...names.filter((name) => INDEX.test(name)), ...shards]) {
    const base = (INDEX.exec(name) ?? SHARD.exec(name))?.[1] ?? name;
    // "model-00001-of-00002.fp16" and "model.fp16-00001-of-00002" both occur; the index comes first and wins.
    if (!bases.has(base)) bases.set(base, name);
  }
  const models = [...bases].map(([base, name]) => ({ name, sentence: sentenceFor(base) }));
  return { models, shards: new Set(shards) };
}

function sentenceFor(base: string): Sentence {
  return sentence`"${base}" is split into several .safetensors files, which are not supported yet. Use a single-file version of the model, or merge it with save_pretrained(…, max_shard_size="100GB").`;
}
