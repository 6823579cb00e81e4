// Ids of entities and attrs: generating and recognizing UUIDs.

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Generates a new id, a random UUID (version 4).
 *
 * @example
 * db.transact(db.tx.goals[id()].create({ title: 'Learn to swim' }));
 */
export function id(): string {
  // Browsers offer `randomUUID` only to pages served over HTTPS; `getRandomValues` is available everywhere.
  return crypto.randomUUID?.() ?? 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, digit);
}

/** Whether the value is a UUID of any version. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text);
}

/** A random hex digit; `y` is the position of the UUID variant. */
function digit(template: string): string {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  return (template === 'x' ? byte & 15 : (byte & 3) | 8).toString(16);
}
