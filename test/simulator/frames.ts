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
  const messages = [JSON.parse(frame) as unknown].flat() as readonly { readonly op: string }[];
  return messages.map((message) => [message.op === 'transact-ok' ? 'transact' : 'down', JSON.stringify(message)] as const);
}
