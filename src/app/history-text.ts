import type { HistoryStep } from '#domain/document/history.ts';
import { messages } from './messages.ts';

/** "Opacity · face 1": a step in words. */
export function stepText({ name, subject }: Pick<HistoryStep, 'name' | 'subject'>): string {
  const { steps, step } = messages.history;
  return step(steps[name], name === 'set-parameters' ? sectionTitle(subject) : subject);
}

/** What a part of the parameters is called on the page; nothing for several at once. */
function sectionTitle(key: string): string {
  const { sections, canvasSize, exportSize, promptSyntax, batchLimit } = messages.parameters;
  const { detail, global, anchor, sampling, noise } = sections;
  const titles: Readonly<Record<string, string>> = {
    ...{ detail, global, anchor, sampling, scaffold: noise },
    output: `${canvasSize.label} / ${exportSize.label}`,
    promptSyntax: promptSyntax.label,
    batchLimit: batchLimit.label,
  };
  return titles[key] ?? '';
}
