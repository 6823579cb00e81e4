// Ids of entities and attrs: making a new one, and telling whether a value is one.

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * A new id: a random uuid (version 4).
 *
 * @example
 * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
 */
export function id(): string {
  // Browsers give `randomUUID` to pages served over https only; `getRandomValues` is everywhere.
  return typeof crypto.randomUUID === 'function' ? crypto.randomUUID() : fromBytes(crypto.getRandomValues(new Uint8Array(16)));
}

/** Whether the value is the text of a uuid, of any version. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text);
}

function fromBytes(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte, at) => {
    const marked = at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, '0');
  }).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
