// One project: its columns, the cursors of all users over them, and the open task beside them.

import { type ReactElement, useMemo } from 'react';
import { Cursors } from 'triplane/react';

import { Column } from './column.tsx';
import { columns, inColumn, rankAt } from './columns.ts';
import { CursorOf } from './cursor-of.tsx';
import { db, type Project, roomOf, type Task } from './db.ts';
import { me } from './me.ts';
import { Fault, Gone, isUnreachable, Loading } from './states.tsx';
import { TaskPanel } from './task-panel.tsx';
import { useDrag } from './use-drag.ts';
import { useKeys } from './use-keys.ts';
import { move } from './writes.ts';

interface Props {
  readonly project: Project;
  readonly taskId: string | undefined;
}

const NONE: readonly Task[] = [];

export function Board({ project, taskId }: Props): ReactElement {
  const { isLoading, error, data } = db.useQuery({ projects: { $: { where: { id: project.id } }, tasks: { comments: {} } } });
  const tasks = data?.projects[0]?.tasks ?? NONE;
  const byColumn = useMemo(() => columns.map((column) => ({ ...column, tasks: inColumn(tasks, column.status) })), [tasks]);
  const room = useMemo(() => roomOf(project.id), [project.id]);
  const { peers } = db.rooms.usePresence(room, { keys: ['name', 'colour', 'taskId'], user: false });
  const viewers = useMemo(() => Object.values(peers).filter((peer) => peer.taskId), [peers]);
  const { colour } = me.use();
  const { drag, lift } = useDrag((id, { status, target: place }) => {
    const task = tasks.find((each) => each.id === id);
    const others = inColumn(tasks, status).filter((each) => each.id !== id);
    if (task) move(task, status, rankAt(others, place));
  });
  const onKeyDown = useKeys(byColumn, project.id);
  const open = taskId === undefined ? undefined : tasks.find(({ id }) => id === taskId);

  if (error) return isUnreachable(error) ? <Loading /> : <Fault error={error} />;
  if (isLoading) return <Loading />;
  return (
    <>
      <div className="scroller" onKeyDown={onKeyDown}>
        <Cursors room={room} className="columns" userCursorColor={colour} renderCursor={CursorOf}>
          {byColumn.map((column) => (
            <Column key={column.status} {...column} projectId={project.id} openId={taskId} viewers={viewers} drag={drag} lift={lift} />
          ))}
        </Cursors>
      </div>
      {taskId !== undefined && (
        <aside className="panel" aria-label="Task">
          {open ? <TaskPanel key={open.id} task={open} project={project} room={room} /> : <Gone what="task" />}
        </aside>
      )}
    </>
  );
}
