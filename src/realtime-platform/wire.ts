// Assumptions about points that the public documentation of the Realtime Platform leaves open. Each has a number, one place here, and one option
// that replaces it. docs/realtime-platform.md#assumptions

import { isPlain } from '../rooms/payload.ts';
import type { PlatformEvent } from './types.ts';

/** Which application and environment a connection is for. */
export interface Scope {
  readonly applicationId: string | undefined;
  readonly environment: string | undefined;
}

export interface ChannelNames {
  readonly join: string;
  readonly leave: string;
  readonly publish: string;
  readonly direct: string;
  readonly message: string;
  readonly presenceJoin: string;
  readonly presenceLeave: string;
}

/** A message of a socket channel as it comes in. */
export interface ChannelMessage {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly socketId?: string;
  readonly at?: number;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export interface AssumedPaths {
  readonly traces: string;
  readonly trace: (id: string) => string;
  readonly replay: (id: string) => string;
  readonly verifyToken: string;
  readonly signingKeys: string;
  readonly signingKey: (id: string) => string;
  readonly rotateSigningKey: (id: string) => string;
}

export interface Wire {
  /** A0: builds the `auth` object of the handshake. */
  readonly handshake: (token: string | undefined, scope: Scope) => Record<string, unknown>;
  /** A1: reads the subscription's id from the acknowledgement of `subscribe`; undefined if it has none. */
  readonly subscribeResult: (answer: unknown) => string | undefined;
  /** A2: the address of the plain WebSocket, with the token. */
  readonly wsUrl: (url: string, token: string | undefined, scope: Scope) => string;
  /** A3: reads an event of a topic from the body of `event`; undefined if it is not one. */
  readonly parseEvent: (body: unknown, topic?: string) => PlatformEvent | undefined;
  /** A4: the names of channel events. */
  readonly channel: ChannelNames;
  /** A4: reads from an acknowledgement why a join was rejected; undefined if it was not. */
  readonly joinRefusal: (answer: unknown) => Refusal | undefined;
  /** A4: reads a channel message from the body of the `message` event. */
  readonly parseMessage: (body: unknown) => ChannelMessage | undefined;
  /** A5: the topics on which a service's documents change. */
  readonly syncTopics: (service: string) => readonly string[];
  /** A6: the document an event is about. */
  readonly syncDocId: (event: PlatformEvent) => string | undefined;
  /** A7: the sender of a channel message receives it too. */
  readonly selfEcho: boolean;
  /** A8: the body of a schema validation, and how its response is read. */
  readonly validation: { readonly body: (payload: unknown) => unknown; readonly valid: (answer: unknown) => boolean | undefined };
  /** A10: a topic's name. */
  readonly topicName: RegExp;
  /** A11: whether a document is deleted. */
  readonly isDeleted: (document: Readonly<Record<string, unknown>>) => boolean;
  /** A12: undocumented paths. */
  readonly paths: AssumedPaths;
}

/** The assumptions by number; A9, the signature of webhooks, is in webhook.ts. */
export const assumedWire: Wire = {
  handshake: (token, { applicationId, environment }) => ({
    ...(token !== undefined && { token }),
    ...(applicationId !== undefined && { applicationId }),
    ...(environment !== undefined && { environment }),
  }),
  subscribeResult: (answer) => textOf(isPlain(answer) ? answer['subscriptionId'] : answer),
  wsUrl: (url, token) => {
    const address = new URL('/ws', url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    if (token !== undefined) address.searchParams.set('token', token);
    return address.href;
  },
  parseEvent,
  channel: {
    join: 'channel:join',
    leave: 'channel:leave',
    publish: 'channel:publish',
    direct: 'channel:direct',
    message: 'channel:message',
    presenceJoin: 'presence:join',
    presenceLeave: 'presence:leave',
  },
  joinRefusal,
  parseMessage,
  syncTopics: (service) => ['updated', 'created', 'deleted'].map((change) => `sync.${service}.${change}`),
  syncDocId: ({ payload }) => {
    if (!isPlain(payload)) return undefined;
    const { id, document } = payload;
    return textOf(id) ?? (isPlain(document) ? textOf(document['id']) : undefined);
  },
  selfEcho: true,
  validation: {
    body: (payload) => ({ payload }),
    valid: (answer) => (isPlain(answer) && typeof answer['valid'] === 'boolean' ? answer['valid'] : undefined),
  },
  topicName: /^[a-z0-9]+(\.[a-z0-9]+)*$/,
  isDeleted: (document) => document['deleted'] === true,
  paths: {
    traces: '/api/debugger/traces',
    trace: (id) => `/api/debugger/traces/${encodeURIComponent(id)}`,
    replay: (id) => `/api/debugger/traces/${encodeURIComponent(id)}/replay`,
    verifyToken: '/auth/verify',
    signingKeys: '/api/admin/signing-keys',
    signingKey: (id) => `/api/admin/signing-keys/${encodeURIComponent(id)}`,
    rotateSigningKey: (id) => `/api/admin/signing-keys/${encodeURIComponent(id)}/rotate`,
  },
};

export type WireOptions = {
  readonly [Part in keyof Wire]?: Wire[Part] extends ChannelNames | AssumedPaths ? Partial<Wire[Part]> : Wire[Part];
};

export function wireOf(options: WireOptions = {}): Wire {
  const { channel, paths, ...rest } = options;
  return { ...assumedWire, ...rest, channel: { ...assumedWire.channel, ...channel }, paths: { ...assumedWire.paths, ...paths } };
}

function parseEvent(body: unknown, topic?: string): PlatformEvent | undefined {
  if (!isPlain(body)) return topic === undefined ? undefined : { topic, payload: body, raw: body };
  const name = textOf(body['topic']);
  if (name !== undefined && 'payload' in body) {
    const [type, source] = [textOf(body['type']), textOf(body['source'])];
    return {
      topic: name,
      payload: body['payload'],
      ...(type !== undefined && { type }),
      ...(source !== undefined && { source }),
      raw: body,
    };
  }
  return topic === undefined ? undefined : { topic, payload: body, raw: body };
}

function joinRefusal(answer: unknown): Refusal | undefined {
  if (!isPlain(answer)) return undefined;
  const { error, ok } = answer;
  if (isPlain(error))
    return { code: textOf(error['code']) ?? 'JOIN_REFUSED', message: textOf(error['message']) ?? 'The server rejected the join' };
  if (typeof error === 'string') return { code: error, message: textOf(answer['message']) ?? error };
  return ok === false ? { code: 'JOIN_REFUSED', message: 'The server rejected the join' } : undefined;
}

function parseMessage(body: unknown): ChannelMessage | undefined {
  if (!isPlain(body)) return undefined;
  const [channel, event, socketId, at] = [
    textOf(body['channel']),
    textOf(body['event']),
    textOf(body['socketId']),
    timeOf(body['timestamp']),
  ];
  if (channel === undefined || event === undefined) return undefined;
  return { channel, event, data: body['data'], ...(socketId !== undefined && { socketId }), ...(at !== undefined && { at }) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Milliseconds since 1970, from either form in which the platform writes times. */
export function timeOf(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : value;
  return typeof at === 'number' && Number.isFinite(at) ? at : undefined;
}
