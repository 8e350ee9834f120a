import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright';

const SOURCE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core finds wrong with the page as it is, one line per rule and element; it has to be in the page. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate<Pick<AxeResults, 'violations'>>(
    '(async () => { const { violations } = await axe.run(document, { resultTypes: ["violations"] }); return { violations }; })()',
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} (${failureSummary.slice(0, 300)})`,
    ),
  );
}

/** Brings axe-core into the page; a reload takes it away. */
export async function loadAxe(page: Page): Promise<void> {
  await page.evaluate(await readFile(SOURCE, 'utf8'));
}
