// Serialises outgoing messages. Parts that are JSON already are inserted as they are.

import { encode } from '../../protocol/codec.ts';
import type { ServerMessage } from '../../protocol/server-message.ts';
import { type Frame, lengthOf } from '../parted-output.ts';
import { JsonText } from '../queries/results.ts';
import { asReceived } from './tolerant-fields.ts';

/** A placeholder that no client can send, so it does not occur in values. */
const mark = `json ${crypto.randomUUID()} `;

/** A shorter message is sent in one piece. */
const partedLength = 512 * 1024;
const minStart = 64 * 1024;

export function encodeMessage(sent: ServerMessage): Frame {
  const message = asReceived(sent);
  if (!hasText(message)) return encode(message);
  const texts: JsonText[] = [];
  const take = <T>(result: T): T => {
    if (!(result instanceof JsonText)) return result;
    texts.push(result);
    return `${mark}${texts.length - 1}` as unknown as T;
  };
  let rest = encode(marked(message, take));
  const parts: string[] = [];
  for (const [at, text] of texts.entries()) {
    const placeholder = `"${mark}${at}"`;
    const place = rest.indexOf(placeholder);
    parts.push(rest.slice(0, place), ...text.parts);
    rest = rest.slice(place + placeholder.length);
  }
  parts.push(rest);
  return lengthOf(parts) < partedLength ? parts.join('') : withLongStart(parts);
}

/** The first fragment decides whether all are compressed; a short one is not. */
function withLongStart(parts: readonly string[]): readonly string[] {
  let [start, at] = ['', 0];
  while (at < parts.length && start.length < minStart) start += parts[at++];
  return [start, ...parts.slice(at)];
}

function hasText(message: ServerMessage): boolean {
  if (message.op === 'add-query-ok') return message.result instanceof JsonText;
  if (message.op === 'sync-update-triples') return message.txes instanceof JsonText;
  if (message.op !== 'refresh-ok') return false;
  const isLong = (part: unknown): boolean => part instanceof JsonText;
  return (
    message.computations.some(({ 'instaql-result': result }) => isLong(result)) ||
    (message.deltas ?? []).some(({ removed, added }) => isLong(removed) || isLong(added))
  );
}

function marked(message: ServerMessage, take: <T>(part: T) => T): ServerMessage {
  if (message.op === 'add-query-ok') return { ...message, result: take(message.result) };
  if (message.op === 'sync-update-triples') return { ...message, txes: take(message.txes) };
  if (message.op !== 'refresh-ok') return message;
  return {
    ...message,
    computations: message.computations.map((computation) => ({ ...computation, 'instaql-result': take(computation['instaql-result']) })),
    ...(message.deltas && {
      deltas: message.deltas.map((delta) => ({ ...delta, removed: take(delta.removed), added: take(delta.added) })),
    }),
  };
}
