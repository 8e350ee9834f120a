/** Bytes as people read them. */
export function bytesText(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** Lines on stdout; remembers whether every promise was kept. */
export class Report {
  #failed = 0;

  heading(text: string): void {
    console.log(`\n${text}`);
  }

  note(text: string): void {
    console.log(`       ${text}`);
  }

  check(text: string, holds: boolean): void {
    if (!holds) this.#failed++;
    console.log(`  ${holds ? 'PASS' : 'FAIL'} ${text}`);
  }

  get exitCode(): number {
    return this.#failed === 0 ? 0 : 1;
  }
}
