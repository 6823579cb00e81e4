// Faults that prevent an import: the first ones with file and line, and their total number.

import { invalidArchive } from './archive.ts';

const shown = 20;

export class Faults {
  readonly #texts: string[] = [];
  #count = 0;

  add(text: string): void {
    if (this.#count++ < shown) this.#texts.push(text);
  }

  get count(): number {
    return this.#count;
  }

  /** @throws TriplaneError 'archive-invalid' if there are any */
  check(advice: string): void {
    if (this.#count === 0) return;
    const more = this.#count > shown ? `\n  … and ${this.#count - shown} more` : '';
    const what = this.#count === 1 ? 'There is 1 fault' : `There are ${this.#count} faults`;
    throw invalidArchive(`${what} in the data; nothing was taken over.\n  ${this.#texts.join('\n  ')}${more}\n${advice}`);
  }
}
