// What makes the title of a task unique in its project: two of the same, however they are spelled, have the same handle.

export function handleOf(projectId: string, title: string): string {
  return `${projectId}/${title.trim().toLowerCase().replace(/\s+/g, ' ')}`;
}
