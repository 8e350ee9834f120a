import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const PSEUDO = fileURLToPath(new URL('../unit/pseudo-catalogue.ts', import.meta.url));

/**
 * Builds the studio with a language that nobody speaks in the place of German: every text of the catalogue and every
 * sentence of the worker made of its English one (tests/unit/pseudo-catalogue.ts). No studio for users has it.
 */
export const pseudoLanguage: Plugin = {
  name: 'pseudo-language',
  enforce: 'pre',
  transform(code, id) {
    if (id.endsWith('/src/app/messages/de/index.ts'))
      return `import { en } from '../en/index.ts';
        import { pseudoCatalogue } from '${PSEUDO}';
        export const de = pseudoCatalogue(en);`;
    if (id.endsWith('/src/app/messages/de/sentences/index.ts'))
      return `import { pseudoText } from '${PSEUDO}';
        ${code.replace('export const sentences', 'const german')}
        export const sentences = Object.fromEntries(Object.keys(german).map((id) => [id, pseudoText(id)]));`;
    return undefined;
  },
};
