/** German of everything the worker says, by its English template (`src/domain/job/sentence.ts`). */
export const sentences: Readonly<Record<string, string>> = {};
