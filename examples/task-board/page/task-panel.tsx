// The open task: its fields and its comments.

import type { ReactElement } from 'react';

import { columns, inColumn, rankAt } from './columns.ts';
import { Comments } from './comments.tsx';
import { db, type Project, type Room, type Task } from './db.ts';
import { Icon } from './icon.tsx';
import { goTo } from './route.ts';
import { TextField } from './text-field.tsx';
import { focus } from './use-keys.ts';
import { change, move, removeTask, rename } from './writes.ts';

interface Props {
  readonly task: Task;
  readonly project: Project;
  readonly room: Room;
}

const colours = ['rose', 'amber', 'green', 'teal', 'blue', 'violet'] as const;

export function TaskPanel({ task, project, room }: Props): ReactElement {
  const close = (): void => {
    goTo(project.id);
    focus(task.id);
  };
  return (
    <div className="task" onKeyDown={({ key }) => key === 'Escape' && close()}>
      <div className="task-head">
        <Where task={task} projectId={project.id} />
        <button
          className="button icon-only"
          aria-label="Delete task"
          title="Delete"
          onClick={() => {
            removeTask(task);
            goTo(project.id);
          }}
        >
          <Icon name="trash" />
        </button>
        <button className="button icon-only" aria-label="Close" title="Close (Esc)" autoFocus onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <TextField label="Title" value={task.title} isRequired onSave={(title) => rename(task, project.id, title)} />
      <div className="swatches" role="group" aria-label="Colour">
        {colours.map((colour) => (
          <button
            key={colour}
            data-colour={colour}
            aria-label={colour}
            aria-pressed={task.colour === colour}
            onClick={() => change(task, { colour: task.colour === colour ? null : colour })}
          />
        ))}
      </div>
      <TextField label="Notes" value={task.notes ?? ''} isLong onSave={(notes) => change(task, { notes })} />
      <Comments task={task} room={room} />
    </div>
  );
}

function Where({ task, projectId }: { readonly task: Task; readonly projectId: string }): ReactElement {
  const { data } = db.useQuery({ projects: { $: { where: { id: projectId } }, tasks: { comments: {} } } });
  const end = (status: string): number => {
    const tasks = inColumn(data?.projects[0]?.tasks ?? [], status);
    return rankAt(tasks, tasks.length);
  };
  return (
    <select aria-label="Column" value={task.status} onChange={({ target }) => move(task, target.value, end(target.value))}>
      {columns.map(({ status, name }) => (
        <option key={status} value={status}>
          {name}
        </option>
      ))}
    </select>
  );
}
