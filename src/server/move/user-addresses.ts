// E-mail addresses of users as sign-in looks for them: in lower case, without surrounding spaces. A source may have one address in several
// spellings. It then stays with the user who has it as sign-in looks for it, or else goes to the first: one address is one user.

import { asSignInHasIt } from '../data/system-rules.ts';
import { SeenValues } from './seen-values.ts';
import type { Source } from './source.ts';

export class UserAddresses {
  readonly #taken = new SeenValues();

  /** Reads which addresses need no change. */
  async read(source: Source): Promise<void> {
    if (!source.namespaces.includes('$users')) return;
    for await (const { rows } of source.rows('$users')) {
      for (const { entity } of rows) {
        const { email } = entity;
        if (typeof email === 'string' && email === asSignInHasIt(email)) this.#taken.add(email);
      }
    }
  }

  /** @returns the address as it is stored, or undefined if another user has it */
  take(email: string): string | undefined {
    const wanted = asSignInHasIt(email);
    return email === wanted || this.#taken.add(wanted) ? wanted : undefined;
  }
}
