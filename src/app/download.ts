/** Hands a file to the browser's downloads. */
export function download(blob: Blob, fileName: string): void {
  const link = window.document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The same for a text, as JSON. */
export function downloadText(text: string, fileName: string): void {
  download(new Blob([text], { type: 'application/json' }), fileName);
}
