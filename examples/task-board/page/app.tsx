// The page: the bar, the messages, and the open project.

import type { ReactElement } from 'react';

import { Bar } from './bar.tsx';
import { Board } from './board.tsx';
import { db } from './db.ts';
import { ConnectionBadge } from './line.tsx';
import { RejectedWrites } from './refused.tsx';
import { useRoute } from './route.ts';
import { said } from './say.ts';
import { Fault, Gone, isUnreachable, Loading, NoProject } from './states.tsx';

const query = { projects: { $: { order: { createdAt: 'asc' } } } } as const;

export function App(): ReactElement {
  const { isLoading, error, data } = db.useQuery(query);
  const { projectId, taskId } = useRoute();
  const projects = data?.projects ?? [];
  const project = projectId === undefined ? projects[0] : projects.find(({ id }) => id === projectId);
  return (
    <div className="app">
      <Bar projects={projects} project={project} taskId={taskId} />
      <ConnectionBadge />
      <RejectedWrites />
      <main>
        {error && !isUnreachable(error) ? (
          <Fault error={error} />
        ) : isLoading || error ? (
          <Loading />
        ) : project ? (
          <Board key={project.id} project={project} taskId={taskId} />
        ) : projects.length > 0 ? (
          <Gone what="project" />
        ) : (
          <NoProject />
        )}
      </main>
      <div className="unseen" role="status">
        {said.use()}
      </div>
    </div>
  );
}
