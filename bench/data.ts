// The app that is measured: projects, their tasks, comments on these, users. Seeded, so that every subject gets the same; one entity
// is six values, an id and a link, about 892 bytes on the wire.

import type { WireAttr } from '../src/protocol/attr.ts';
import type { Triple } from '../src/protocol/triple.ts';

export interface Project {
  readonly id: string;
  readonly title: string;
}
export interface Task {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly priority: number;
  readonly status: string;
  readonly createdAt: number;
  readonly estimate: number;
  readonly project: string;
}
export interface Comment {
  readonly id: string;
  readonly body: string;
  readonly task: string;
  readonly author: string;
}
export interface User {
  readonly id: string;
  readonly name: string;
}
export interface World {
  readonly projects: readonly Project[];
  readonly tasks: readonly Task[];
  readonly comments: readonly Comment[];
  readonly users: readonly User[];
}

const blobs = {
  projects: ['id', 'title'],
  tasks: ['id', 'title', 'done', 'priority', 'status', 'createdAt', 'estimate'],
  comments: ['id', 'body'],
  users: ['id', 'name'],
} as const;
const links = [
  ['tasks', 'project', 'projects', 'tasks'],
  ['comments', 'task', 'tasks', 'comments'],
  ['comments', 'author', 'users', 'comments'],
] as const;

const attrId = (etype: string, label: string): string => uuid(seedOf(`${etype}.${label}`));

export const attrs: readonly WireAttr[] = [
  ...Object.entries(blobs).flatMap(([etype, labels]) => labels.map((label) => attr(etype, label))),
  ...links.map(([etype, label, far, back]): WireAttr => ({
    ...attr(etype, label),
    'value-type': 'ref',
    'reverse-identity': [uuid(seedOf(`${far}.${back}`)), far, back],
  })),
];

function attr(etype: string, label: string): WireAttr {
  const id = attrId(etype, label);
  const isIndexed = label === 'createdAt' || label === 'status';
  return {
    id,
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [id, etype, label],
    'unique?': label === 'id',
    'index?': isIndexed,
    catalog: 'user',
  };
}

const statuses = ['open', 'started', 'review', 'closed'];
const words = ['swim', 'build', 'paint', 'carry', 'write', 'mend', 'plant', 'count', 'teach', 'fold'];
const born = 1_795_000_000_000;

/** `tasks` of them; a tenth as many comments per task is enough for two levels of nesting. */
export function world(tasks: number, { perProject = 1_000, comments = 0 } = {}): World {
  const next = random(42);
  const word = (): string => words[Math.floor(next() * words.length)] as string;
  const projects = Array.from({ length: Math.ceil(tasks / perProject) }, () => ({ id: uuid(next), title: `${word()} ${word()}` }));
  const users = Array.from({ length: 50 }, (_, at) => ({ id: uuid(next), name: `user ${at}` }));
  const all = Array.from({ length: tasks }, (_, at): Task => ({
    id: uuid(next),
    title: `${word()} the ${word()} ${at}`,
    done: next() < 0.5,
    priority: Math.floor(next() * 5),
    status: statuses[Math.floor(next() * 4)] as string,
    createdAt: born + Math.floor(next() * 1e9),
    estimate: Math.floor(next() * 40),
    project: (projects[Math.floor(at / perProject)] as Project).id,
  }));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const sent = Array.from({ length: comments }, (): Comment => ({
    id: uuid(next),
    body: `${word()} ${word()} ${word()}`,
    task: pick(all).id,
    author: pick(users).id,
  }));
  return { projects, users, tasks: all, comments: sent };
}

/** The triples of rows of one namespace; entity after entity, as a server sends them. */
export function triplesOf(etype: keyof World, rows: readonly object[]): Triple[] {
  const triples: Triple[] = [];
  rows.forEach((row, at) => {
    const { id } = row as { id: string };
    for (const [label, value] of Object.entries(row) as [string, unknown][]) triples.push([id, attrId(etype, label), value, born + at]);
  });
  return triples;
}

export function allTriples(data: World): Triple[] {
  return (['users', 'projects', 'tasks', 'comments'] as const).flatMap((etype) => triplesOf(etype, data[etype]));
}

export const attrName: ReadonlyMap<string, string> = new Map(attrs.map(({ id, 'forward-identity': [, , label] }) => [id, label]));
export { attrId };

const answer = (triples: readonly Triple[]): unknown => [{ data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] }];

export function addQueryOk(query: unknown, triples: readonly Triple[], txId = 1): string {
  return JSON.stringify({ op: 'add-query-ok', q: query, result: answer(triples), 'processed-tx-id': txId });
}

export function refreshOk(query: unknown, triples: readonly Triple[], txId: number): string {
  const computations = [{ 'instaql-query': query, 'instaql-result': answer(triples) }];
  return JSON.stringify({ op: 'refresh-ok', 'processed-tx-id': txId, attrs, computations });
}

export function deltaRefresh(query: unknown, removed: readonly unknown[], added: readonly Triple[], base: number, txId: number): string {
  const deltas = [{ 'instaql-query': query, 'base-tx-id': base, removed, added }];
  return JSON.stringify({ op: 'refresh-ok', 'processed-tx-id': txId, computations: [], deltas });
}

/** Mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function seedOf(text: string): () => number {
  let seed = 7;
  for (const letter of text) seed = Math.imul(seed, 31) + letter.charCodeAt(0);
  return random(seed);
}

export function uuid(next: () => number): string {
  const hex = Array.from({ length: 4 }, () => (Math.floor(next() * 4_294_967_296) >>> 0).toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
