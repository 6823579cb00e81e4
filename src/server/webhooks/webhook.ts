// Webhooks and events as stored: the list of webhooks is one record of an app, every event another. An event contains its changes, because
// the log they came from is compacted.

import { createHash } from 'node:crypto';
import { isObject } from '../../lib/json.ts';
import type { Records } from '../storage/storage.ts';

export const webhookActions = ['create', 'update', 'delete'] as const;
export type WebhookAction = (typeof webhookActions)[number];

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly namespaces: readonly string[];
  readonly actions: readonly WebhookAction[];
  readonly status: 'active' | 'disabled';
  readonly reason: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One request to the receiver, as shown to admins. */
export interface Attempt {
  readonly 'attempt-at': string;
  readonly 'duration-ms': number;
  readonly 'success?': boolean;
  readonly 'status-code': number | null;
  readonly 'response-text': string | null;
  readonly 'error-type': string | null;
  readonly 'error-message': string | null;
}

/** The net change of one entity in a transaction: its attributes before and after, without links. */
export interface EntityChange {
  readonly namespace: string;
  readonly id: string;
  readonly action: WebhookAction;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface WebhookEvent {
  readonly webhookId: string;
  /** Id of the transaction it reports. */
  readonly txId: number;
  readonly status: 'pending' | 'processing' | 'success' | 'error' | 'failed';
  readonly attempts: readonly Attempt[] | null;
  /** When it is due, or, while it is being sent, when the attempt counts as failed. Null once it is finished. */
  readonly nextAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly changes: readonly EntityChange[];
}

export const webhooksRecord = 'webhooks';
const eventPrefix = 'webhook-event ';

export function webhooksOf(records: ReadonlyMap<string, unknown>): readonly Webhook[] {
  const found = records.get(webhooksRecord);
  return Array.isArray(found) ? (found as readonly Webhook[]) : [];
}

export const eventName = (webhookId: string, txId: number): string => `${eventPrefix}${webhookId} ${txId}`;

export function eventOf(records: ReadonlyMap<string, unknown>, webhookId: string, txId: number): WebhookEvent | undefined {
  const found = records.get(eventName(webhookId, txId));
  return isObject(found) ? (found as unknown as WebhookEvent) : undefined;
}

/** Undefined if the record is not a webhook event. */
export function eventIn(name: string): { readonly webhookId: string; readonly txId: number } | undefined {
  if (!name.startsWith(eventPrefix)) return undefined;
  const [webhookId = '', txId = ''] = name.slice(eventPrefix.length).split(' ');
  return { webhookId, txId: Number(txId) };
}

export const eventRecord = (event: WebhookEvent): Records => ({ [eventName(event.webhookId, event.txId)]: event });

/** Undefined if the text is not a position. */
export function txIdIn(isn: string): number | undefined {
  const [, slot, high, low] = /^([\dA-F]{1,8})\/([\dA-F]{1,8})\/([\dA-F]{1,12})$/i.exec(isn) ?? [];
  if (slot === undefined || high === undefined || low === undefined) return undefined;
  return slot === '1' && high === '0' ? parseInt(low, 16) : -1;
}

/** The same for every delivery of an event. */
export function eventKey({ webhookId, txId }: WebhookEvent): string {
  return keyOf(uuidBytes(webhookId), isnBytes(txId));
}

/** The same for every delivery of a change. */
export function changeKey({ namespace, action, id }: EntityChange, txId: number): string {
  return keyOf(Buffer.from(namespace), Buffer.from(action), uuidBytes(id), isnBytes(txId));
}

const uuidBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const isnBytes = (txId: number): Buffer => Buffer.from(`00000001${txId.toString(16).padStart(16, '0')}`, 'hex');

function keyOf(...parts: readonly Buffer[]): string {
  const hex = createHash('sha256').update(Buffer.concat(parts)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
