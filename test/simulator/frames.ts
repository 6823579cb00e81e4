// Frames as the network sees them: which lane a message belongs to, and frames that make no sense.

/** None of these may end, or change, what the client does with those that follow. */
export const badFrames: readonly string[] = [
  ...['', '{', 'null', '[]', '5', '"text"', '{"op":5}', '{"op":"from-the-future","x":1}', '[[]]', '{"__proto__":{"op":"x"}}'],
  ...['{"op":"refresh-ok"}', '{"op":"refresh-ok","computations":5}', '{"op":"refresh-ok","computations":[null]}'],
  '{"op":"refresh-ok","computations":[{"instaql-query":{"marks":{}},"instaql-result":7}],"processed-tx-id":1}',
  ...['{"op":"add-query-ok"}', '{"op":"add-query-ok","q":{"marks":{}},"result":null}', '{"op":"transact-ok"}'],
  '{"op":"transact-ok","client-event-id":"of nobody","tx-id":1}',
  '{"op":"error","status":400,"type":"validation-failed","message":"no","client-event-id":"of nobody","original-event":{"op":"transact"}}',
];

/** The event id, if it is a write. */
export function eventIdIn(frame: string): string | undefined {
  return frame.startsWith('{"op":"transact"') ? /"client-event-id":"([^"]+)"/.exec(frame)?.[1] : undefined;
}

/** The answers to writes, and all others: the protocol gives no order between these. */
export function lanesOf(frame: string): (readonly [lane: string, frame: string])[] {
  if (!frame.includes('"transact-ok"')) return [['down', frame]];
  return messagesIn(frame).map((message) => [message.op === 'transact-ok' ? 'transact' : 'down', JSON.stringify(message)] as const);
}

/** The writes that the server failed at, and those that it has refused for good. */
export function errorsIn(frame: string): { readonly failed: readonly string[]; readonly refused: readonly string[] } {
  if (!frame.includes('"op":"error"')) return { failed: [], refused: [] };
  const errors = messagesIn(frame).filter((message) => message.op === 'error' && message['original-event']?.op === 'transact');
  const ids = (isFit: (status: number, type: string | null | undefined) => boolean): string[] =>
    errors.flatMap(({ status = 500, type, 'client-event-id': eventId }) => (eventId && isFit(status, type) ? [eventId] : []));
  return {
    failed: ids((status) => status >= 500),
    refused: ids((status, type) => status < 500 && (type === 'validation-failed' || type === 'permission-denied')),
  };
}

interface Message {
  readonly op: string;
  readonly status?: number;
  readonly type?: string | null;
  readonly 'client-event-id'?: string;
  readonly 'original-event'?: { readonly op?: string };
}

function messagesIn(frame: string): readonly Message[] {
  return [JSON.parse(frame) as Message | readonly Message[]].flat();
}
