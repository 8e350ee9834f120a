import { basename } from 'node:path';
import { AppError } from '#domain/job/app-error.ts';
import { MissingWeightError } from '#models/graph/weight-recipe.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { judgedInHalf } from './compare.ts';
import type { GoldenFolder } from './discover.ts';
import { handlerOf } from './handlers.ts';
import { GoldenError, type CaseResult } from './types.ts';

export interface FolderOutcome {
  readonly cases: readonly CaseResult[];
  /** Why the folder could not be run to its end; null when it was. */
  readonly problem: string | null;
}

/** Runs every case of one folder, calling `onCase` as each is known. Names become `folder/case`. */
export async function runFolder(
  { dir, kind, config }: GoldenFolder,
  runtime: NetworkRuntime,
  onCase: (result: CaseResult) => void = () => undefined,
): Promise<FolderOutcome> {
  const cases: CaseResult[] = [];
  const report = (result: CaseResult) => {
    const judged = runtime.emission.dtype === 'f16' ? judgedInHalf(kind, result) : result;
    const named = { ...judged, name: `${basename(dir)}/${result.name}` };
    cases.push(named);
    onCase(named);
  };
  try {
    const run = await handlerOf(kind, basename(dir));
    await run({ dir, config, runtime, report });
  } catch (error) {
    return { cases, problem: sentence(error, dir) };
  }
  return { cases, problem: cases.length > 0 ? null : `"${dir}" was read but holds no case to check.` };
}

/** Expected failures are sentences already; anything else keeps its stack, because it is our own defect. */
function sentence(error: unknown, dir: string): string {
  if (error instanceof GoldenError || error instanceof AppError || error instanceof MissingWeightError)
    return `${basename(dir)}: ${error.message}`;
  return `${basename(dir)}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
