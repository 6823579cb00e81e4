// The key that makes the title of a task unique in its project: titles that differ in spelling only have the same key.

export function handleOf(projectId: string, title: string): string {
  return `${projectId}/${title.trim().toLowerCase().replace(/\s+/g, ' ')}`;
}
