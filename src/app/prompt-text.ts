/** Prompt and negative prompt of an A1111 `parameters` text; the settings line after them is left out. */
export function splitParameters(parameters: string): { prompt: string; negative: string } {
  const withoutSettings = parameters.replace(/\r/g, '').replace(/(^|\n)Steps: \d[^\n]*(\n[^\n]*)*$/, '');
  const [prompt = '', ...negative] = withoutSettings.split(/(?:^|\n)Negative prompt: ?/);
  return { prompt: prompt.trim(), negative: negative.join('\n').trim() };
}
