// All writes of the page. Each is optimistic, can be undone, stays pending while offline, and has a name in case the server rejects it.

import { id, undoHistory } from 'triplane';

import { columns, type Status } from './columns.ts';
import { db, type Comment, type Task } from './db.ts';
import { handleOf } from './handle.ts';
import { me } from './me.ts';
import { note } from './names.ts';
import { say } from './say.ts';

type Chunks = Parameters<typeof db.transact>[0];

const history = undoHistory(db.core);

export function addProject(name: string): string {
  const projectId = id();
  write(`Project “${name}”`, db.tx.projects[projectId]?.create({ name, createdAt: Date.now() }));
  return projectId;
}

export function addTask(projectId: string, title: string, status: Status, rank: number): void {
  const facts = { title, handle: handleOf(projectId, title), status, rank };
  write(`New task “${title}”`, db.tx.tasks[id()]?.create(facts).link({ project: projectId }));
}

export function rename(task: Task, projectId: string, title: string): void {
  write(`Rename “${task.title}” to “${title}”`, db.tx.tasks[task.id]?.update({ title, handle: handleOf(projectId, title) }));
}

export function change(task: Task, facts: { notes?: string; colour?: string | null }): void {
  write(`Change “${task.title}”`, db.tx.tasks[task.id]?.update(facts));
}

export function move(task: Task, status: string, rank: number): void {
  const column = columns.find((each) => each.status === status)?.name ?? status;
  write(`Move “${task.title}” to ${column}`, db.tx.tasks[task.id]?.update({ status, rank }));
  say(`${task.title}: ${column}`);
}

export function removeTask(task: Task): void {
  write(`Delete “${task.title}”`, db.tx.tasks[task.id]?.delete());
  say(`Deleted ${task.title}. Control Z brings it back.`);
}

export function addComment(task: Task, text: string): void {
  const { name, colour } = me.read();
  const comment = { text, author: name, colour, createdAt: Date.now() };
  write(`Comment on “${task.title}”`, db.tx.comments[id()]?.create(comment).link({ task: task.id }));
}

export function removeComment(comment: Comment): void {
  write(`Delete comment “${comment.text}”`, db.tx.comments[comment.id]?.delete());
}

export function undo(): void {
  const undone = history.undo();
  if (undone) note(undone, 'Undo');
}

export function redo(): void {
  const redone = history.redo();
  if (redone) note(redone, 'Redo');
}

/** Retrying creates a new write with the same name. */
export function retry(eventId: string, name: string): void {
  note(db.outbox.retry(eventId), name);
}

/** There is a chunk for every id, which `noUncheckedIndexedAccess` cannot know. */
function write(name: string, chunks: Chunks | undefined): void {
  if (chunks) note(history.transact(chunks), name);
}
