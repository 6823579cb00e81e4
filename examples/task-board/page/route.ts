// The open project and task, from the URL `#/<project>/<task>`, so that they can be linked and survive a reload.

import { useSyncExternalStore } from 'react';

export interface Route {
  readonly projectId: string | undefined;
  readonly taskId: string | undefined;
}

export function useRoute(): Route {
  const [, projectId, taskId] = useSyncExternalStore(subscribe, read).split('/');
  return { projectId: projectId || undefined, taskId: taskId || undefined };
}

export function goTo(projectId: string, taskId?: string): void {
  location.hash = taskId === undefined ? `#/${projectId}` : `#/${projectId}/${taskId}`;
}

const read = (): string => location.hash;

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
