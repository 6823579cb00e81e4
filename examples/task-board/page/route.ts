// What is looked at, as the address has it: `#/<project>/<task>`. So it can be linked to, and outlives a reload.

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
