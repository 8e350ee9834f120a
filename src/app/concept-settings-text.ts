/** What a text somebody dropped or pasted is about. */
export type SettingsKind = 'preset' | 'adetailer' | 'impact';

/** Nodes of the Impact Pack that detail what was found. */
const IMPACT_NODE = /"(?:FaceDetailer\w*|DetailerForEach\w*|SEGSDetailer\w*)"/;

/** Longest text that is looked into: a large workflow is a few hundred kB. */
export const MAX_SETTINGS_CHARS = 8_000_000;

/** Judged by what every such text holds, whether it is complete or not; null: something else. */
export function settingsKind(text: string): SettingsKind | null {
  if (text.length > MAX_SETTINGS_CHARS) return null;
  if (/"app"\s*:\s*"Luna Studio"/.test(text) && /"kind"\s*:/.test(text)) return 'preset';
  if (IMPACT_NODE.test(text)) return 'impact';
  if (/"ad_model"/.test(text) || /\bADetailer model\b/.test(text)) return 'adetailer';
  return null;
}

/** Whether a file may hold such a text, by its name. */
export function isSettingsName(name: string): boolean {
  return /\.(?:json|txt)$/i.test(name);
}
