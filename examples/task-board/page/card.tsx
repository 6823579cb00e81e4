// A task in its column. Re-renders only when its data changes.

import { memo, type ReactElement } from 'react';

import type { Task } from './db.ts';
import { Icon } from './icon.tsx';
import { Badge } from './people.tsx';
import { goTo } from './route.ts';
import type { Lift } from './use-drag.ts';

export interface Viewer {
  readonly peerId: string;
  readonly name: string;
  readonly colour: string;
  readonly taskId: string;
}

interface Props {
  readonly task: Task;
  readonly projectId: string;
  readonly isOpen: boolean;
  readonly isLifted: boolean;
  readonly viewers: readonly Viewer[];
  readonly lift: Lift;
}

export const Card = memo(function Card({ task, projectId, isOpen, isLifted, viewers, lift }: Props): ReactElement {
  const { id, title, colour, notes, comments } = task;
  return (
    <li data-task={id} data-lifted={isLifted || undefined} onPointerDown={(event) => lift(event, id)}>
      <button className="card" aria-expanded={isOpen} onClick={() => goTo(projectId, id)}>
        {colour && <span className="stripe" data-colour={colour} />}
        <span className="title">{title}</span>
        <span className="facts">
          {notes && <Icon name="notes" />}
          {comments.length > 0 && (
            <span className="fact">
              <Icon name="comment" />
              <span aria-label={`${comments.length} comments`}>{comments.length}</span>
            </span>
          )}
          <span className="lookers">
            {viewers.map((viewer) => (
              <Badge key={viewer.peerId} name={viewer.name} colour={viewer.colour} />
            ))}
          </span>
        </span>
      </button>
      <span className="grip" aria-hidden="true">
        <Icon name="grip" />
      </span>
    </li>
  );
});
