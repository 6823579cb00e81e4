// Applies the schema and the rules that a program starts its server with, before any client is admitted, as `triplane push` does. Parts
// that are up to date are not touched.

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { equal } from '../lib/equal.ts';
import { isObject } from '../lib/json.ts';
import { checkRulesAreJson } from './lost-in-json.ts';
import type { App } from './session/app.ts';
import { checkOwnSchema } from './http/schema-check.ts';
import { planSchema } from './http/schema-plan.ts';
import { submit, whenDurable } from './data/submit.ts';
import { adminActor } from './data/system-rules.ts';

export interface BootstrapOptions {
  readonly schema: object | undefined;
  readonly rules: object | undefined;
}

/** @throws TriplaneError 'config-invalid' that lists the faults */
export async function bootstrap(app: App, given: BootstrapOptions, uuid: () => string): Promise<void> {
  const [schema, rules] = [asJson(given.schema, 'schema'), asJson(given.rules, 'rules')];
  if (schema !== undefined) {
    await explainErrors('schema', async () => {
      checkOwnSchema(schema);
      const plan = await whenDurable(app.ledger, () => planSchema(schema, app.ledger.db.attrs, uuid));
      if (plan.length === 0) return;
      // Planned again within the transaction: another server may have applied the same schema meanwhile.
      const steps = ({ db }: Pick<App['ledger'], 'db'>) => ({ steps: planSchema(schema, db.attrs, uuid) });
      await submit(app.ledger, { steps, event: undefined, actor: adminActor });
    });
  }
  if (rules !== undefined) {
    await explainErrors('rules', async () => {
      if (!equal(app.rulebook.json, rules)) await app.rulebook.set(app.ledger, rules);
    });
  }
}

/** Drops what JSON cannot carry: types and functions. */
function asJson(given: object | undefined, option: string): unknown {
  if (given === undefined) return undefined;
  if (isObject(given)) {
    if (option === 'rules') checkRulesAreJson(given, 'createServer');
    return JSON.parse(JSON.stringify(given)) as unknown;
  }
  throw new TriplaneError('config-invalid', `createServer: ${option} must be an object, but is ${JSON.stringify(given) ?? typeof given}`);
}

async function explainErrors(option: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    if (!(cause instanceof InstantAPIError) || cause.status >= 500) throw cause;
    const hint: unknown = cause.body.hint;
    const faults = isObject(hint) && Array.isArray(hint.errors) ? hint.errors.filter(isObject) : [];
    const placed = faults.map(({ in: at, message }) => ({ at: Array.isArray(at) ? at : [], message: String(message) }));
    // A single fault without a place of its own is the message already.
    const lines = placed
      .filter(({ at, message }) => at.length > 1 || !cause.message.includes(message))
      .map(({ at, message }) => `\n  ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}`);
    throw new TriplaneError('config-invalid', `createServer: ${option}: ${cause.message}${lines.join('')}`, { cause, hint });
  }
}
