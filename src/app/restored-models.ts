import { SINGLE_ROLES } from '#domain/job/model-roles.ts';
import type { Api, ModelSelection, Result, RuntimeInfo } from './worker-client.ts';

/** A weight file that is good for this session: `path` is its place inside the folder it was chosen with. */
export interface SessionFile {
  readonly file: File;
  readonly path: string;
}

/** Answers what is in use then, or null where that does not change. */
export type RestoringCall = (api: Api) => Promise<Result<RuntimeInfo | null>>;

/**
 * The calls after which a fresh worker knows the session's files and uses what was in use before. The image model comes
 * first: choosing it fills and empties other roles, so that all of them are told again.
 * @param present what the worker has taken up by itself; null where that is not known.
 */
export function restoringCalls(
  files: readonly SessionFile[],
  wanted: ModelSelection,
  present: ModelSelection | null,
): readonly RestoringCall[] {
  const anew = present?.roles.checkpoint !== wanted.roles.checkpoint;
  const differs = (of: (selection: ModelSelection) => unknown) =>
    anew || !present || JSON.stringify(of(wanted)) !== JSON.stringify(of(present));
  const roles = SINGLE_ROLES.filter((role) => differs((selection) => selection.roles[role]));
  const calls = roles.map(
    (role): RestoringCall =>
      (api) =>
        api.models.selectModel(role, wanted.roles[role]),
  );
  if (files.length > 0) calls.unshift((api) => api.models.addFiles(files));
  if (differs(({ loras }) => loras)) calls.push((api) => api.models.setLoras(wanted.loras));
  if (differs(({ prediction }) => prediction))
    calls.push((api) => api.models.setPrediction(wanted.prediction));
  return calls;
}
