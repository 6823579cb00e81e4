// The projects as tabs, and the button for a new one.

import { type ReactElement, useState } from 'react';

import type { Project } from './db.ts';
import { Icon } from './icon.tsx';
import { NewProject } from './new-project.tsx';

interface Props {
  readonly projects: readonly Project[];
  readonly project: Project | undefined;
}

export function Projects({ projects, project }: Props): ReactElement {
  const [isAdding, setAdding] = useState(false);
  return (
    <nav className="projects" aria-label="Projects">
      {projects.map(({ id, name }) => (
        <a key={id} href={`#/${id}`} aria-current={id === project?.id ? 'page' : undefined}>
          {name}
        </a>
      ))}
      {isAdding ? (
        <NewProject onEnd={() => setAdding(false)} />
      ) : (
        projects.length > 0 && (
          <button className="button icon-only" aria-label="New project" title="New project" onClick={() => setAdding(true)}>
            <Icon name="plus" />
          </button>
        )
      )}
    </nav>
  );
}
