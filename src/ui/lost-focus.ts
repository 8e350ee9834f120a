import { tick } from 'svelte';

/** What had the focus is gone from the page: then the picture has it, where one is open. */
export async function catchFocus(): Promise<void> {
  await tick();
  const { activeElement, body } = document;
  if (activeElement !== null && activeElement !== body) return;
  document.querySelector<HTMLElement>('main [role="application"][tabindex="0"]')?.focus();
}
