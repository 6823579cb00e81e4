// The initial content of an app: schema and rules.

import { submit } from '../data/submit.ts';
import { adminActor } from '../data/system-rules.ts';
import { planSchema } from '../http/schema-plan.ts';
import type { App } from './app.ts';

export interface AppContent {
  /** The JSON form of a schema made by `i.schema`. */
  readonly schema?: unknown;
  readonly rules?: unknown;
}

/** @throws InstantAPIError */
export async function fillApp(app: App, { schema, rules }: AppContent, uuid: () => string): Promise<void> {
  if (schema !== undefined) {
    const steps = planSchema(schema, app.ledger.db.attrs, uuid);
    await submit(app.ledger, { steps, event: undefined, actor: adminActor });
  }
  if (rules !== undefined) await app.rulebook.set(app.ledger, rules);
}
