// The organs that were installed on demand, as one. None at first, and in most programs ever.

import type { TriplaneError } from '../errors.ts';
import type { ServerMessage } from '../protocol/server-message.ts';
import type { Effect } from './effect.ts';
import type { Extra, Failure, Hour } from './extra.ts';

export class Extras implements Extra {
  readonly #all: Extra[] = [];

  install<E extends Extra>(extra: E): E {
    this.#all.push(extra);
    return extra;
  }

  heard(message: ServerMessage, hour: Hour): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.heard(message, hour));
  }

  failed(failure: Failure): readonly Effect[] | undefined {
    for (const extra of this.#all) {
      const effects = extra.failed(failure);
      if (effects) return effects;
    }
    return undefined;
  }

  sessionOpened(hour: Hour): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.sessionOpened(hour));
  }

  lineLost(): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.lineLost());
  }

  userChanged(): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.userChanged());
  }

  nextDue(): number | undefined {
    return this.#all.reduce<number | undefined>((first, extra) => {
      const due = extra.nextDue();
      return first === undefined || (due !== undefined && due < first) ? due : first;
    }, undefined);
  }

  due(nowMs: number): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.due(nowMs));
  }

  shutDown(error: TriplaneError): readonly Effect[] {
    return this.#all.flatMap((extra) => extra.shutDown(error));
  }
}
