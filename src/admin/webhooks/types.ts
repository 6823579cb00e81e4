// Webhooks as programs see them: what a webhook is, what happened to its events, and what a handler receives.

/* eslint-disable @typescript-eslint/no-explicit-any -- a handler may return anything */

import type { AnySchemaDef, ResolveAttrs } from '../../schema/schema.ts';

export type WebhookAction = 'create' | 'update' | 'delete';

/** A disabled webhook stays configured; no events are queued for it. */
export type WebhookStatus = 'active' | 'disabled';

/**
 * How far the delivery of an event is: `pending` (queued), `processing` (being sent), `success` (the receiver answered 2xx), `error` (an
 * attempt failed and another follows), `failed` (given up; `resendEvent` starts again).
 */
export type WebhookEventStatus = 'pending' | 'processing' | 'success' | 'error' | 'failed';

export type WebhookInfo = {
  id: string;
  /** Where events are sent to. */
  sink: { url: string };
  namespaces: string[];
  actions: WebhookAction[];
  status: WebhookStatus;
  /** Null while the webhook is active. */
  disabledReason: string | null;
  createdAt: Date;
  updatedAt: Date;
};

/** One request to the receiver. */
export type WebhookAttempt = {
  attemptAt: Date | null;
  durationMs: number | null;
  success: boolean | null;
  statusCode: number | null;
  /** The first 256 bytes of the response. */
  responseText: string | null;
  /** `timeout`, `dns`, `connect`, `tls`, `protocol`, `network`, `disabled` or `unknown`; null after a success. */
  errorType: string | null;
  errorMessage: string | null;
};

export type WebhookEventInfo = {
  /** The event's place in the order of all transactions; its id. */
  isn: string;
  status: WebhookEventStatus;
  /** Oldest first. Null before the first attempt. */
  attempts: WebhookAttempt[] | null;
  /** Null once the event has succeeded or failed for good. */
  nextAttemptAfter: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

export type WebhookEventsPage = {
  /** Newest first. */
  events: WebhookEventInfo[];
  pageInfo: { startCursor: string | null; endCursor: string | null; hasNextPage: boolean };
  /** The same as `pageInfo.endCursor`: `after` for the next page. */
  cursor: string | null;
};

export type CreateWebhookParams<Schema extends AnySchemaDef> = {
  /** An `https` address of a public host. */
  url: string;
  /** At least one. */
  namespaces: (keyof Schema['entities'] & string)[];
  /** At least one. */
  actions: WebhookAction[];
};

/** What is left out stays as it is. */
export type UpdateWebhookParams<Schema extends AnySchemaDef> = {
  url?: string;
  namespaces?: (keyof Schema['entities'] & string)[];
  actions?: WebhookAction[];
};

/** The body of a webhook request: where the records are, and the token that opens them. */
export type WebhookBody = { payloadUrl: string; token: string };

type Names<Schema extends AnySchemaDef> = keyof Schema['entities'] & string;

/** An entity as a record holds it: its attributes, without links. */
export type WebhookEntity<Schema extends AnySchemaDef, NamespaceName extends Names<Schema>> = {
  id: string;
} & ResolveAttrs<Schema['entities'], NamespaceName, false>;

type RecordOf<Schema extends AnySchemaDef, NamespaceName extends Names<Schema>, Action, Before, After> = {
  namespace: NamespaceName;
  id: string;
  action: Action;
  before: Before;
  after: After;
  /** The same for every delivery of this change: handlers use it to recognize a repeated one. */
  idempotencyKey: string;
};

export type WebhookPayloadRecordFor<
  Schema extends AnySchemaDef,
  NamespaceName extends Names<Schema>,
  Action extends WebhookAction,
> = Action extends 'create'
  ? RecordOf<Schema, NamespaceName, 'create', null, WebhookEntity<Schema, NamespaceName>>
  : Action extends 'update'
    ? RecordOf<Schema, NamespaceName, 'update', WebhookEntity<Schema, NamespaceName>, WebhookEntity<Schema, NamespaceName>>
    : Action extends 'delete'
      ? RecordOf<Schema, NamespaceName, 'delete', WebhookEntity<Schema, NamespaceName>, null>
      : never;

/** What happened to one entity in a transaction. */
export type WebhookPayloadRecord<Schema extends AnySchemaDef> = {
  [NamespaceName in Names<Schema>]: WebhookPayloadRecordFor<Schema, NamespaceName, WebhookAction>;
}[Names<Schema>];

export type WebhookPayload<Schema extends AnySchemaDef> = {
  data: WebhookPayloadRecord<Schema>[];
  /** The same for every delivery of the event. */
  idempotencyKey: string;
};

export type WebhookHandlerFn<
  Schema extends AnySchemaDef,
  NamespaceName extends Names<Schema>,
  Action extends WebhookAction,
  Result = any,
> = (record: WebhookPayloadRecordFor<Schema, NamespaceName, Action>) => Result | Promise<Result>;

type DefaultKey = '$default';
type ActionsOf<Action> = Action extends DefaultKey ? WebhookAction : Action extends WebhookAction ? Action : never;
type DefaultHandler<Schema extends AnySchemaDef> = WebhookHandlerFn<Schema, Names<Schema>, WebhookAction>;

/** Handlers by namespace and action. `$default` takes what is left, of a namespace or of all. */
export type WebhookHandlers<Schema extends AnySchemaDef> = {
  [NamespaceName in Names<Schema>]?: {
    [Action in WebhookAction | DefaultKey]?: WebhookHandlerFn<Schema, NamespaceName, ActionsOf<Action>>;
  };
} & { $default?: DefaultHandler<Schema> };

type HandlerEntry<Schema extends AnySchemaDef, NamespaceName extends Names<Schema>, Action extends WebhookAction | DefaultKey> = {
  [N in NamespaceName]: { [A in Action]: WebhookHandlerFn<Schema, NamespaceName, ActionsOf<Action>> };
};

type DefaultEntry<Schema extends AnySchemaDef> = { $default: DefaultHandler<Schema> };

export type WebhookHelpers<Schema extends AnySchemaDef> = {
  /** One handler, typed by its namespace and action. */
  typedHandlers: {
    (namespace: DefaultKey, handler: DefaultHandler<Schema>): DefaultEntry<Schema>;
    <NamespaceName extends Names<Schema>, Action extends WebhookAction | DefaultKey>(
      namespace: NamespaceName,
      action: Action,
      handler: WebhookHandlerFn<Schema, NamespaceName, ActionsOf<Action>>,
    ): HandlerEntry<Schema, NamespaceName, Action>;
  };
  /** Several of them as one. A later handler replaces an earlier one of the same namespace and action. */
  combineHandlers: (
    ...entries: (HandlerEntry<Schema, any, any> | DefaultEntry<Schema> | WebhookHandlers<Schema>)[]
  ) => WebhookHandlers<Schema>;
};

/** Runs an operation with a bearer token, and may run it again with a fresh one. */
export type WithAuth = <T>(operation: (token: string) => Promise<T>) => Promise<T>;
