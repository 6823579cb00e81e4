// One socket channel behind the Room contract: joining by the assumed events, publishing over HTTP or the socket, presence by events or by
// asking from time to time. docs/realtime-platform.md#rooms

import type { Clock, Timer } from '../lib/clock.ts';
import { type HookRoom, hookRoom } from '../rooms/hook-room.ts';
import { LiveRoom } from '../rooms/live-room.ts';
import type { RoomDriver } from '../rooms/room-driver.ts';
import { isPlain, jsonOf } from '../rooms/payload.ts';
import type { RoomApi } from '../rooms/room-api.ts';
import type { RoomCapabilities } from '../rooms/room.ts';
import { errorOf } from '../rooms/room-error.ts';
import type { Member } from '../rooms/roster.ts';
import { PlatformApiError, PlatformRealtimeError } from './platform-error.ts';
import type { PlatformTransport } from './transport.ts';
import type { ChannelMember } from './types.ts';
import { type ChannelMessage, timeOf, type Wire } from './wire.ts';

export interface ChannelContext {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly rooms: RoomApi;
  readonly publishVia: 'rest' | 'socket';
  readonly presence: 'events' | 'poll' | 'off';
  readonly presencePollMs: number;
  readonly maxPayloadBytes: number;
  readonly sharePresence: boolean;
  transport(): PlatformTransport;
  members(channel: string): Promise<readonly ChannelMember[]>;
  broadcast(channel: string, event: string, data: unknown): Promise<void>;
  connect(channel: PlatformChannel): void;
  used(channel: PlatformChannel): void;
}

const confirmWithinMs = 5_000;

export class PlatformChannel implements RoomDriver {
  readonly Failure = PlatformRealtimeError;
  readonly room: LiveRoom & HookRoom;
  readonly #context: ChannelContext;
  /** Of the join that answers may belong to. */
  #epoch = 0;
  #isAsked = false;
  #timer: Timer | undefined;
  #poll: Timer | undefined;
  #isPolling = false;

  constructor(name: string, context: ChannelContext) {
    this.#context = context;
    this.room = hookRoom(new LiveRoom(name, this, { sharePresence: context.sharePresence }), context.rooms);
  }

  get capabilities(): RoomCapabilities {
    const { presence, publishVia, wire } = this.#context;
    return {
      publish: true,
      presence: presence === 'off' ? 'none' : presence === 'poll' ? 'polled' : 'live',
      presenceData: false,
      selfEcho: wire.selfEcho,
      publishAck: publishVia === 'rest' ? 'server' : 'none',
      ordered: false,
    };
  }

  subscribe(): void {
    this.#context.used(this);
    const transport = this.#context.transport();
    if (!transport.isConnected) return this.#context.connect(this);
    if (this.#isAsked || this.room.status === 'joined') return;
    this.#isAsked = true;
    const epoch = ++this.#epoch;
    const { wire, clock } = this.#context;
    this.#timer = clock.setTimeout(() => void this.#confirmed(epoch), confirmWithinMs);
    transport.emit?.(wire.channel.join, { channel: this.room.name }, (answer) => this.#answered(epoch, answer));
    // A server that answers no join lists the caller once it is in.
    void this.#look(epoch);
  }

  unsubscribe(): void {
    this.#forget();
    this.#stopPolling();
    const { wire } = this.#context;
    this.#context.transport().emit?.(wire.channel.leave, { channel: this.room.name });
  }

  async publish(topic: string, data: unknown): Promise<void> {
    const { name } = this.room;
    const { publishVia, maxPayloadBytes, wire } = this.#context;
    jsonOf(data, maxPayloadBytes, PlatformRealtimeError, name);
    if (publishVia === 'rest') {
      try {
        return await this.#context.broadcast(name, topic, data);
      } catch (cause) {
        // A token of the level `client` may listen and not publish.
        const { status, code, message } =
          cause instanceof PlatformApiError ? cause : { status: 0, code: 'UNREACHABLE', message: String(cause) };
        const known = status === 403 ? 'FORBIDDEN' : status === 401 ? 'AUTH_FAILED' : code;
        throw new PlatformRealtimeError(known, message, { channel: name, cause });
      }
    }
    const transport = this.#context.transport();
    if (!transport.isConnected) throw new PlatformRealtimeError('DISCONNECTED', 'There is no connection', { channel: name });
    transport.emit?.(wire.channel.publish, { channel: name, event: topic, data });
  }

  presenceWanted(isWanted: boolean): void {
    if (isWanted && this.room.status === 'joined') this.#schedule(0);
    if (!isWanted) this.#stopPolling();
  }

  message({ event, data, socketId, at }: ChannelMessage, raw: unknown): void {
    this.room.received({
      topic: event,
      data,
      ...(socketId !== undefined && { senderId: socketId, senderKind: 'user' }),
      ...(at !== undefined && { at }),
      raw,
    });
  }

  presence(type: 'join' | 'leave', member: ChannelMember): void {
    if (this.#context.presence === 'off') return;
    const isOwn = member.socketId === this.#context.transport().socketId;
    if (isOwn && type === 'join' && this.#isAsked) return void this.#confirmed(this.#epoch);
    if (type === 'join') this.room.joined(memberOf(member));
    else this.room.departed(member.socketId);
  }

  connectionLost(): void {
    this.#forget();
    this.#stopPolling();
    this.room.lost();
  }

  #answered(epoch: number, answer: unknown): void {
    if (epoch !== this.#epoch || !this.#isAsked) return;
    const refusal = this.#context.wire.joinRefusal(answer);
    if (refusal) {
      this.#forget();
      return this.room.refused(new PlatformRealtimeError(refusal.code, refusal.message, { channel: this.room.name }));
    }
    const listed = isPlain(answer) && Array.isArray(answer['members']) ? readMembers(answer['members']) : undefined;
    if (listed) this.#opened(listed);
    else void this.#confirmed(epoch);
  }

  async #confirmed(epoch: number): Promise<void> {
    const members = await this.#list();
    if (epoch === this.#epoch && this.#isAsked) this.#opened(members ?? []);
  }

  async #look(epoch: number): Promise<void> {
    if (this.#context.presence === 'off') return;
    const members = await this.#context.members(this.room.name).catch(() => []);
    const { socketId } = this.#context.transport();
    const isListed = socketId !== undefined && members.some((member) => member.socketId === socketId);
    if (isListed && epoch === this.#epoch && this.#isAsked) this.#opened(members);
  }

  #opened(members: readonly ChannelMember[]): void {
    this.#forget();
    this.room.opened(members.map(memberOf), this.#context.transport().socketId);
    if (this.room.hasPresenceListeners) this.#schedule(this.#context.presencePollMs);
  }

  /** Undefined if the list cannot be had, which is reported. */
  async #list(): Promise<readonly ChannelMember[] | undefined> {
    if (this.#context.presence === 'off') return [];
    try {
      return await this.#context.members(this.room.name);
    } catch (error) {
      this.room.report(errorOf(error));
      return undefined;
    }
  }

  #schedule(pauseMs: number): void {
    if (this.#context.presence !== 'poll' || this.#isPolling) return;
    const { clock } = this.#context;
    clock.clearTimeout(this.#poll);
    this.#poll = clock.setTimeout(() => void this.#ask(), pauseMs);
  }

  /** One request at a time; the next one counts from its answer. */
  async #ask(): Promise<void> {
    this.#isPolling = true;
    const epoch = this.#epoch;
    const members = await this.#list();
    this.#isPolling = false;
    if (this.room.status !== 'joined' || !this.room.hasPresenceListeners) return;
    if (members && epoch === this.#epoch) this.room.refreshed(members.map(memberOf), this.#context.transport().socketId);
    this.#schedule(this.#context.presencePollMs);
  }

  #stopPolling(): void {
    this.#context.clock.clearTimeout(this.#poll);
  }

  #forget(): void {
    this.#epoch += 1;
    this.#isAsked = false;
    this.#context.clock.clearTimeout(this.#timer);
  }
}

function memberOf({ socketId, joinedAt }: ChannelMember): Member {
  const at = timeOf(joinedAt);
  return { id: socketId, kind: 'connection', ...(at !== undefined && { joinedAt: at }) };
}

export function readMembers(listed: readonly unknown[]): ChannelMember[] {
  return listed.filter((each) => isPlain(each) && typeof each['socketId'] === 'string' && each['socketId'] !== '') as ChannelMember[];
}
