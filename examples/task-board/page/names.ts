// What writes are called, for the list of those that were refused. On the device, as that list is: both outlive a reload.

import type { WritePromise } from 'triplane/react';

const key = 'task-board:writes';
const most = 200;

function read(): [eventId: string, name: string][] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '[]') as [string, string][];
  } catch {
    return [];
  }
}

/** Known by its id from the moment it is kept, which is before it can be refused. */
export function note(write: WritePromise, name: string): void {
  const keep = ({ clientId }: { clientId: string }): void =>
    localStorage.setItem(key, JSON.stringify([...read(), [clientId, name]].slice(-most)));
  write.queued.then(keep, () => {});
}

export function nameOf(eventId: string): string {
  return new Map(read()).get(eventId) ?? 'A change';
}
