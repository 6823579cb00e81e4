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
  return crypto.randomUUID?.() ?? 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, digit);
}

/** Whether the value is the text of a uuid, of any version. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text);
}

/** By chance; `y` is the one that has the variant in it. */
function digit(template: string): string {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  return (template === 'x' ? byte & 15 : (byte & 3) | 8).toString(16);
}
