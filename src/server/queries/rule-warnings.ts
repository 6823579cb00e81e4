// Reports rules that could not be evaluated to the sessions of a live query, as an `error` without a request: once per session and fault.

import type { InstantAPIError } from '../../errors.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import type { RuleFaults } from '../rules/rule-faults.ts';
import type { Outgoing, Subscriber } from '../session/subscriber.ts';

/** Maximum number of reports per session. */
const maxWarnings = 100;

export class RuleWarnings {
  readonly #deliver: (outgoing: readonly Outgoing[]) => void;
  readonly #told = new WeakMap<Subscriber, Set<string>>();

  constructor(deliver: (outgoing: readonly Outgoing[]) => void) {
    this.#deliver = deliver;
  }

  send(subscribers: Iterable<Subscriber>, { errors }: RuleFaults): void {
    if (errors.size === 0) return;
    const outgoing: Outgoing[] = [];
    for (const to of subscribers) {
      const told = this.#told.get(to) ?? new Set<string>();
      this.#told.set(to, told);
      for (const [key, error] of errors) {
        if (told.has(key) || told.size >= maxWarnings) continue;
        told.add(key);
        outgoing.push({ to, message: warningOf(error) });
      }
    }
    this.#deliver(outgoing);
  }
}

function warningOf({ status, body }: InstantAPIError): ServerMessage {
  const { type = null, message = null, hint = null } = body;
  return { op: 'error', 'client-event-id': null, status, type, message, hint };
}
