import { MAX_TEXT } from './imported.ts';

/** A prompt without what only its own tool understands. */
export interface CleanPrompt {
  readonly text: string;
  /** What was taken out or decided, as it stood there: `<lora:x:1>`, `__hair__`, `{a|b}`. */
  readonly removed: readonly string[];
}

const LORA = /<(?:lora|lyco|hypernet):[^<>]*>/gi;
const WILDCARD_FILE = /__[\w*./\\-]+?__/g;
const CHOICE = /\{([^{}]*)\}/;
/** "2$$", "0.5::" before an option: how many are drawn, and how likely it is. */
const CHOICE_PREFIX = /^\s*(?:[\d-]+\$\$(?:[^$]*\$\$)?)?\s*(?:\d*\.?\d+::)?/;
const MOST_CHOICES = 200;

/**
 * Takes out LoRA tags (LoRAs belong to the image model here) and wildcard files (nobody has them here), and decides
 * choices for their first option, so that a recipe stays repeatable.
 */
export function cleanPrompt(prompt: string): CleanPrompt {
  const removed: string[] = [];
  let text = prompt.slice(0, MAX_TEXT).replace(LORA, takeOut(removed));
  for (let i = 0; i < MOST_CHOICES && CHOICE.test(text); i++)
    text = text.replace(CHOICE, (choice, options: string) => {
      removed.push(choice);
      return (options.split('|')[0] ?? '').replace(CHOICE_PREFIX, '');
    });
  text = text.replace(WILDCARD_FILE, takeOut(removed));
  return { text: tidy(text), removed };
}

function takeOut(removed: string[]): (match: string) => string {
  return (match) => {
    removed.push(match);
    return '';
  };
}

/** Commas that stand alone after something was taken out. */
function tidy(text: string): string {
  return text
    .split(',')
    .map((part) => part.trim().replace(/[ \t]+/g, ' '))
    .filter((part, i, all) => part !== '' || all.length === 1)
    .join(', ');
}
