// The records of an event, and which handler receives which of them.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { AnySchemaDef } from '../../schema/schema.ts';
import type { WebhookHandlers, WebhookHelpers, WebhookPayload } from './types.ts';

type Handler = (record: unknown) => unknown;
type HandlerTable = Readonly<Record<string, unknown>>;

/** A payload whose history is gone has null for its records. @throws TriplaneError 'server-failed' for what is no payload */
export function readPayload<Schema extends AnySchemaDef>(response: unknown): WebhookPayload<Schema> {
  const data = isObject(response) ? (response['data'] ?? []) : undefined;
  if (isObject(response) && Array.isArray(data)) return { ...response, data } as unknown as WebhookPayload<Schema>;
  throw new TriplaneError('server-failed', 'The response of the server is no payload of a webhook');
}

/**
 * Calls the handler of each record, all at once.
 *
 * @throws the first failure, once every handler has ended: what is retried then does not overlap with what still runs
 */
export async function dispatch<Schema extends AnySchemaDef>(
  handlers: WebhookHandlers<Schema>,
  payload: WebhookPayload<Schema>,
): Promise<void> {
  const records: readonly unknown[] = payload.data ?? [];
  const runs = records.map(async (record) => handlerOf(handlers as HandlerTable, record)?.(record));
  const failed = (await Promise.allSettled(runs)).find((run) => run.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The most specific: of the namespace and action, of the namespace, of all. */
function handlerOf(handlers: HandlerTable, record: unknown): Handler | undefined {
  const { namespace, action } = isObject(record) ? record : {};
  const own = ownValue(handlers, namespace);
  const found = (isObject(own) ? (ownValue(own, action) ?? ownValue(own, '$default')) : undefined) ?? ownValue(handlers, '$default');
  return typeof found === 'function' ? (found as Handler) : undefined;
}

function ownValue(table: HandlerTable, key: unknown): unknown {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;
}

export function webhookHelpers<Schema extends AnySchemaDef>(): WebhookHelpers<Schema> {
  const typedHandlers = (...args: readonly [string, unknown, unknown?]): object => {
    const [namespace, action, handler] = args;
    return handler === undefined ? { $default: action } : { [namespace]: { [action as string]: handler } };
  };
  const combineHandlers = (...entries: readonly HandlerTable[]): HandlerTable => {
    const all: Record<string, unknown> = {};
    for (const [key, value] of entries.flatMap((entry) => Object.entries(entry))) {
      all[key] = key === '$default' ? value : { ...(all[key] as object | undefined), ...(value as object) };
    }
    return all;
  };
  return { typedHandlers, combineHandlers } as unknown as WebhookHelpers<Schema>;
}
