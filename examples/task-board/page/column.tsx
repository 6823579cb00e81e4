// A column: its cards in order, the drop position, and a field for a new card.

import { Fragment, memo, type ReactElement } from 'react';

import { Card, type Viewer } from './card.tsx';
import { rankAt, type Status } from './columns.ts';
import type { Task } from './db.ts';
import { NewTask } from './new-task.tsx';
import type { Drag, Lift } from './use-drag.ts';
import { addTask } from './writes.ts';

interface Props {
  readonly status: Status;
  readonly name: string;
  readonly tasks: readonly Task[];
  readonly projectId: string;
  readonly openId: string | undefined;
  readonly viewers: readonly Viewer[];
  readonly drag: Drag | undefined;
  readonly lift: Lift;
}

export function Column({ status, name, tasks, projectId, openId, viewers, drag, lift }: Props): ReactElement {
  const place = drag?.over?.status === status ? drag.over.target : undefined;
  const others = tasks.filter(({ id }) => id !== drag?.taskId);
  return (
    <section className="column" data-status={status} data-over={place !== undefined || undefined} aria-label={name}>
      <div className="box">
        <h2>
          {name} <span className="count">{tasks.length}</span>
        </h2>
        <ul>
          {tasks.map((task) => (
            <Fragment key={task.id}>
              {place !== undefined && others.indexOf(task) === place && <Gap />}
              <Card
                task={task}
                projectId={projectId}
                isOpen={task.id === openId}
                isLifted={task.id === drag?.taskId}
                viewers={viewersAt(viewers, task.id)}
                lift={lift}
              />
            </Fragment>
          ))}
          {place !== undefined && place >= others.length && <Gap />}
          {tasks.length === 0 && place === undefined && <li className="empty">Nothing here yet</li>}
        </ul>
        <NewTask onAdd={(title) => addTask(projectId, title, status, rankAt(tasks, tasks.length))} column={name} />
      </div>
    </section>
  );
}

const Gap = memo(function Gap(): ReactElement {
  return <li className="gap" aria-hidden="true" />;
});

const NO_VIEWERS: readonly Viewer[] = [];

/** A stable list while nobody views the task, so that the card does not re-render. */
function viewersAt(viewers: readonly Viewer[], taskId: string): readonly Viewer[] {
  const viewing = viewers.filter((viewer) => viewer.taskId === taskId);
  return viewing.length > 0 ? viewing : NO_VIEWERS;
}
