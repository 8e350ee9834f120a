import { AppError } from '#domain/job/app-error.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { checkRefineRequest } from '#domain/job/schema.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { PlanWish } from '#domain/plan/plan.ts';

/** A request from the page, with defaults filled in. @throws AppError `bad-request` naming the first field that is wrong. */
export function checkedRequest(request: RefineRequest): RefineRequest {
  const result = checkRefineRequest(request);
  if (!result.ok) throw new AppError('bad-request', sentence`The settings cannot be used: ${result.reason}.`);
  return result.value;
}

/** What of a request the memory plan depends on. */
export function wishOf(
  { batchLimit }: RefineRequest,
  items: readonly { readonly sizePx: number }[],
): PlanWish {
  const largest = Math.max(0, ...items.map(({ sizePx }) => sizePx));
  return { cropPx: largest > 1024 ? 1536 : 1024, batchLimit };
}
