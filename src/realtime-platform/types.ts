// Requests and responses of the Realtime Platform's API. Times are as the server sends them: mostly milliseconds since 1970, ISO text for services.

export type Timestamp = number | string;
export type Environment = 'development' | 'staging' | 'production' | (string & {});

export interface Topic {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly activeSchemaVersion?: number | null;
  readonly applicationId?: string;
  readonly environment?: Environment;
  readonly createdAt?: Timestamp;
}

export type CreateTopic = Pick<Topic, 'name' | 'description' | 'owner'>;
export type UpdateTopic = Partial<Pick<Topic, 'description' | 'owner' | 'activeSchemaVersion'>>;

/** A JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;
export type CompatibilityMode = 'backward' | 'none' | (string & {});

export interface SchemaVersion {
  readonly topic: string;
  readonly version: number;
  readonly schema: JsonSchema;
  readonly compatibilityMode: CompatibilityMode;
  readonly createdAt?: Timestamp;
}

export interface Validation {
  readonly valid: boolean;
  readonly errors?: readonly unknown[];
}

export interface Mapping {
  readonly id: string;
  readonly table: string;
  readonly topic: string;
  readonly events: readonly ('insert' | 'update' | 'delete' | (string & {}))[];
  readonly triggerColumns?: readonly string[];
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly when?: Readonly<Record<string, unknown>>;
  readonly environment?: Environment;
}

export type CreateMapping = Omit<Mapping, 'id'>;

export interface MappingStatus {
  readonly id: string;
  readonly table: string;
  readonly topic: string;
  readonly environments: Readonly<Record<string, { readonly version: number; readonly active: boolean }>>;
}

export interface MappingVersion {
  readonly version: number;
  readonly environment?: Environment;
  readonly [field: string]: unknown;
}

export interface DatabaseSubscription {
  readonly id: string;
  readonly mappingId: string;
  readonly active?: boolean;
  readonly [field: string]: unknown;
}

export interface SyncDoc<T = unknown> {
  readonly service: string;
  readonly id: string;
  readonly revision: number;
  readonly data: T;
  readonly createdAt?: Timestamp;
  readonly updatedAt?: Timestamp;
  readonly deleted?: boolean;
  readonly expiresAt?: Timestamp;
}

/** `set` and `increment` are documented; others are passed through. */
export type SyncMutation =
  | { readonly op: 'set'; readonly path: string; readonly value: unknown }
  | { readonly op: 'increment'; readonly path: string; readonly value: number }
  | { readonly op: string & {}; readonly path: string; readonly value?: unknown };

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly description?: string | null;
  readonly applicationId?: string;
  readonly createdAt?: Timestamp;
  readonly updatedAt?: Timestamp;
}

export interface CreateService {
  readonly name: string;
  readonly description?: string;
}

export interface ChannelInfo {
  readonly name: string;
  readonly memberCount: number;
}

/** A member is a socket, not a user. */
export interface ChannelMember {
  readonly socketId: string;
  readonly joinedAt?: Timestamp;
}

export type WebhookEventType =
  | 'document.updated'
  | 'document.deleted'
  | 'presence.updated'
  | 'socket.message'
  | 'socket.connect'
  | 'socket.disconnect'
  | 'database.event'
  | (string & {});

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly active: boolean;
  readonly applicationId?: string;
  readonly createdAt?: Timestamp;
}

export interface CreateWebhook {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly WebhookEventType[];
}

export interface WebhookDelivery {
  readonly id: string;
  readonly webhookId: string;
  readonly event: WebhookEventType;
  readonly url: string;
  readonly statusCode?: number | null;
  readonly success: boolean;
  readonly attempts: number;
  readonly deliveredAt?: Timestamp | null;
}

/** Undocumented fields, as the server sends them. */
export type Undocumented = Readonly<Record<string, unknown>>;

/** An event of a topic. Further fields are in `raw`. */
export interface PlatformEvent<T = unknown> {
  readonly topic: string;
  readonly type?: string;
  readonly source?: 'database' | 'sync' | 'socket' | (string & {});
  readonly payload: T;
  readonly raw: unknown;
}

/** For document changes: the whole document, what changed, or both. */
export type ReturnMode = 'full' | 'diff' | 'both';
