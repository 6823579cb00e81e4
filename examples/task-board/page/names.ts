// Names of writes, for the list of rejected ones. Stored on the device like that list, so that both survive a reload.

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

/** Stored under the write's id before the write can be rejected. */
export function note(write: WritePromise, name: string): void {
  const keep = ({ clientId }: { clientId: string }): void =>
    localStorage.setItem(key, JSON.stringify([...read(), [clientId, name]].slice(-most)));
  write.queued.then(keep, () => {});
}

export function nameOf(eventId: string): string {
  return new Map(read()).get(eventId) ?? 'A change';
}
