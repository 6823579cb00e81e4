// Frames of InsForge's socket, checked on receipt. A peer chooses the event name under which its message arrives, so it can imitate the server's own
// frames. Those are recognised by fields that a peer cannot write: the bare channel name together with `senderType: system`.

import { isPlain } from '../rooms/payload.ts';
import type { RoomMessage } from '../rooms/room.ts';
import type { Member } from '../rooms/roster.ts';
import { decodePayload, type EchoMark } from './payload.ts';

/** The server delivers messages under these names as if they were its own frames; those under Socket.IO's names it never delivers. */
const forgeable = ['presence:join', 'presence:leave', 'realtime:error', 'notification'];
const socketNames = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];

/** Names under which no message may be published. */
export const reservedEvents: ReadonlySet<string> = new Set([...forgeable, ...socketNames, '']);

export type Frame =
  | { readonly is: 'message'; readonly channels: readonly string[]; readonly message: RoomMessage; readonly mark: EchoMark | undefined }
  | { readonly is: 'presence'; readonly type: 'join' | 'leave'; readonly channel: string; readonly member: Member }
  | { readonly is: 'error'; readonly channel: string | undefined; readonly code: string; readonly message: string }
  | { readonly is: 'notification'; readonly message: string }
  /** Sent by a peer under one of the server's names. */
  | { readonly is: 'forged' }
  | { readonly is: 'malformed'; readonly why: string };

export function readFrame(event: string, body: unknown): Frame {
  if (!isPlain(body)) return { is: 'malformed', why: `'${event}' carries no object` };
  const { meta } = body;
  switch (event) {
    case 'presence:join':
    case 'presence:leave':
      return readPresence(event === 'presence:join' ? 'join' : 'leave', body);
    case 'realtime:error':
      return readError(body);
    case 'notification':
      return isPlain(meta) && meta['channel'] === undefined && meta['senderType'] === 'system' && typeof body['message'] === 'string'
        ? { is: 'notification', message: body['message'] }
        : { is: 'forged' };
    default:
      return reservedEvents.has(event) ? { is: 'forged' } : readMessage(event, body);
  }
}

function readPresence(type: 'join' | 'leave', { meta, member }: Readonly<Record<string, unknown>>): Frame {
  if (!isPlain(meta) || meta['senderType'] !== 'system' || typeof meta['channel'] !== 'string') return { is: 'forged' };
  const read = readMember(member);
  return read
    ? { is: 'presence', type, channel: meta['channel'], member: read }
    : { is: 'malformed', why: `'presence:${type}' names no member` };
}

function readError({ meta, channel, code, message }: Readonly<Record<string, unknown>>): Frame {
  if (meta !== undefined || typeof code !== 'string') return { is: 'forged' };
  return { is: 'error', channel: textOf(channel), code, message: textOf(message) ?? code };
}

function readMessage(topic: string, body: Readonly<Record<string, unknown>>): Frame {
  const { meta } = body;
  if (!isPlain(meta) || typeof meta['channel'] !== 'string') return { is: 'malformed', why: `'${topic}' names no channel` };
  const { data, mark } = decodePayload(body);
  const [id, senderId, senderKind] = [textOf(meta['messageId']), textOf(meta['senderId']), meta['senderType']];
  const at = Date.parse(textOf(meta['timestamp']) ?? '');
  const message: RoomMessage = {
    topic,
    data,
    ...(id !== undefined && { id }),
    ...(senderId !== undefined && { senderId }),
    ...((senderKind === 'user' || senderKind === 'system') && { senderKind }),
    ...(!Number.isNaN(at) && { at }),
    raw: body,
  };
  const channel = meta['channel'];
  // Messages name the channel as `realtime:<channel>`; older backends may name it bare.
  const channels = channel.startsWith('realtime:') ? [channel.slice('realtime:'.length), channel] : [channel];
  return { is: 'message', channels, message, mark };
}

/** Undefined for anything that is not a member. */
export function readMember(member: unknown): Member | undefined {
  if (!isPlain(member)) return undefined;
  const { presenceId, type, joinedAt } = member;
  if (typeof presenceId !== 'string' || presenceId === '') return undefined;
  const at = Date.parse(textOf(joinedAt) ?? '');
  return { id: presenceId, kind: type === 'user' ? 'user' : 'anonymous', ...(!Number.isNaN(at) && { joinedAt: at }) };
}

export type SubscribeAnswer =
  | { readonly ok: true; readonly members: readonly Member[]; readonly hasPresence: boolean; readonly hasMalformed: boolean }
  | { readonly ok: false; readonly code: string; readonly message: string };

export function readSubscribeAnswer(answer: unknown): SubscribeAnswer {
  if (isPlain(answer) && answer['ok'] === true) {
    const { presence } = answer;
    const listed = isPlain(presence) && Array.isArray(presence['members']) ? (presence['members'] as unknown[]) : undefined;
    const members = (listed ?? []).flatMap((member) => readMember(member) ?? []);
    return { ok: true, members, hasPresence: listed !== undefined, hasMalformed: members.length < (listed?.length ?? 0) };
  }
  const error = isPlain(answer) && answer['ok'] === false ? answer['error'] : undefined;
  if (!isPlain(error))
    return { ok: false, code: 'MALFORMED_FRAME', message: 'The acknowledgement of the subscription is not one of the protocol' };
  const code = textOf(error['code']) ?? 'INTERNAL_ERROR';
  return { ok: false, code, message: textOf(error['message']) ?? code };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
