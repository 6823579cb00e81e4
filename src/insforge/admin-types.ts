// What InsForge's management API takes and returns. docs/insforge.md#management

export interface Channel {
  readonly id: string;
  readonly pattern: string;
  readonly description: string | null;
  readonly webhookUrls: readonly string[] | null;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CreateChannel {
  readonly pattern: string;
  readonly description?: string;
  /** Each message of the channel is posted to these. */
  readonly webhookUrls?: readonly string[];
  /** True if not given. A disabled channel can be neither joined nor published to. */
  readonly enabled?: boolean;
}

export interface Message {
  readonly id: string;
  readonly eventName: string;
  /** The definition's id; null once it was deleted. */
  readonly channelId: string | null;
  readonly channelName: string;
  /** As stored: an array is an array here, and the adapter's envelope is not removed. */
  readonly payload: unknown;
  readonly senderType: 'system' | 'user';
  readonly senderId: string | null;
  /** Sockets in the channel when the message went out. */
  readonly wsAudienceCount: number;
  readonly whAudienceCount: number;
  readonly whDeliveredCount: number;
  readonly createdAt: string;
}

export interface MessageQuery {
  readonly channelId?: string;
  readonly eventName?: string;
  /** 1 to 1000; the server's default is 100. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface StatsQuery {
  readonly channelId?: string;
  readonly since?: Date | string;
}

export interface Stats {
  readonly totalMessages: number;
  /** 0 to 1. */
  readonly whDeliveryRate: number;
  readonly topEvents: readonly { readonly eventName: string; readonly count: number }[];
  readonly retentionDays: number | null;
}

export interface Policy {
  readonly policyName: string;
  readonly tableName: string;
  readonly command: string;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly withCheck: string | null;
}

export interface Permissions {
  readonly subscribe: { readonly policies: readonly Policy[] };
  readonly publish: { readonly policies: readonly Policy[] };
}

export interface RealtimeConfig {
  /** Null: messages are kept forever. */
  readonly retentionDays: number | null;
}
