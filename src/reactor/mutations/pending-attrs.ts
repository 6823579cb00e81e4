// The attrs that waiting writes create, each once: every write repeats those that the server has not confirmed, so going through the writes
// would cost as much as all of them together for each new one.

import { equal } from '../../lib/equal.ts';
import type { WireAttr } from '../../protocol/attr.ts';
import type { Step } from '../../protocol/transact-messages.ts';
import { newAttrs } from '../attr-catalog.ts';

export class PendingAttrs {
  readonly #byId = new Map<string, { readonly attr: WireAttr; readonly writes: number }>();
  /** Write → its steps, if they create attrs. */
  readonly #creators = new Map<string, readonly Step[]>();
  #list: readonly WireAttr[] | undefined;

  /** In the order in which they were first created. The same array while nothing changes. */
  list(): readonly WireAttr[] {
    return (this.#list ??= [...this.#byId.values()].map(({ attr }) => attr));
  }

  /** Whether a waiting write creates the attr. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Whether a write of this event id creates attrs. */
  isCreator(eventId: string): boolean {
    return this.#creators.has(eventId);
  }

  /** What a write creates from now on; nothing once it is confirmed or gone. */
  set(eventId: string, steps: readonly Step[], isUnconfirmed: boolean): void {
    const before = this.#creators.get(eventId);
    const after = isUnconfirmed && steps.some((step) => step[0] === 'add-attr') ? steps : undefined;
    if (before === after) return;
    if (before) this.remove(before);
    if (!after) return void this.#creators.delete(eventId);
    this.#creators.set(eventId, after);
    this.add(after);
  }

  add(steps: readonly Step[]): void {
    for (const attr of newAttrs(steps)) {
      const known = this.#byId.get(attr.id);
      const isSame = known !== undefined && equal(known.attr, attr);
      if (!isSame) this.#list = undefined;
      this.#byId.set(attr.id, { attr: isSame ? known.attr : attr, writes: (known?.writes ?? 0) + 1 });
    }
  }

  remove(steps: readonly Step[]): void {
    for (const { id } of newAttrs(steps)) {
      const known = this.#byId.get(id);
      if (!known) continue;
      if (known.writes > 1) this.#byId.set(id, { attr: known.attr, writes: known.writes - 1 });
      else {
        this.#byId.delete(id);
        this.#list = undefined;
      }
    }
  }
}
