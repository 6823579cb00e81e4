// The writes that the server rejected, each with its reason and the possible actions. They stay until the user decides.

import type { ReactElement } from 'react';
import { InstantAPIError, isTriplaneError, type OutboxEntry } from 'triplane/react';

import { db } from './db.ts';
import { Icon } from './icon.tsx';
import { nameOf } from './names.ts';
import { retry } from './writes.ts';

export function RejectedWrites(): ReactElement | null {
  const { rejected, discard } = db.useOutbox();
  if (rejected.length === 0) return null;
  return (
    <section className="refused" aria-label="Refused changes">
      {rejected.map((entry) => (
        <div className="refusal" role="alert" key={entry.eventId} data-write={entry.eventId}>
          <Icon name="warning" />
          <p>
            <b>{nameOf(entry.eventId)}</b> was not saved. <span title={entry.error?.message}>{reasonOf(entry)}</span>
          </p>
          <button className="button" onClick={() => retry(entry.eventId, nameOf(entry.eventId))}>
            Try again
          </button>
          <button className="button quiet" onClick={() => discard(entry.eventId)}>
            Discard
          </button>
        </div>
      ))}
    </section>
  );
}

const reasons: Readonly<Record<string, string>> = {
  'record-not-unique': 'There is one of this name already.',
  'permission-denied': 'The rules of this board do not allow it: what is done stays.',
  'validation-failed': 'It does not fit what is there now.',
  'record-not-found': 'What it was about is gone.',
};

function reasonOf({ error }: OutboxEntry): string {
  const known = error instanceof InstantAPIError && error.type !== undefined ? reasons[error.type] : undefined;
  return known ?? (isTriplaneError(error) ? error.message : 'The server gave no reason.');
}
