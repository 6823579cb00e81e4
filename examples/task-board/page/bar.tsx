// The bar at the top: the projects, undo and redo, and the present users.

import type { ReactElement } from 'react';

import { type Project, roomOf } from './db.ts';
import { Help } from './help.tsx';
import { Saved } from './line.tsx';
import { Me, People } from './people.tsx';
import { Projects } from './projects.tsx';
import { Theme } from './theme.tsx';
import { UndoButtons } from './undo-buttons.tsx';

interface Props {
  readonly projects: readonly Project[];
  readonly project: Project | undefined;
  readonly taskId: string | undefined;
}

export function Bar({ projects, project, taskId }: Props): ReactElement {
  return (
    <header className="bar">
      <a className="logo" href="#/" aria-label="Task board">
        <img src="/icon.svg" alt="" width="28" height="28" />
      </a>
      <Projects projects={projects} project={project} />
      <div className="tools">
        <Saved />
        <UndoButtons />
        <Help />
        <Theme />
        {project && <People room={roomOf(project.id)} taskId={taskId} />}
        <Me />
      </div>
    </header>
  );
}
