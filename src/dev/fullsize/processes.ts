import { readFileSync, writeFileSync } from 'node:fs';
import type { CDPSession } from 'playwright';

export interface BrowserProcess {
  readonly type: string;
  readonly id: number;
}

/** The browser's processes, by Chromium's own account. */
export async function browserProcesses(session: CDPSession): Promise<readonly BrowserProcess[]> {
  return (await session.send('SystemInfo.getProcessInfo')).processInfo;
}

/** Peak and current resident bytes of a process since `forgetPeak`, shared memory included; Linux only. */
export function residentBytes(pid: number): { readonly peak: number; readonly now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN);
  return { peak: kilobytes('VmHWM') * 1024, now: kilobytes('VmRSS') * 1024 };
}

/** Starts the peak anew (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
