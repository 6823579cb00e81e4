// The database of the page, and the types of its entities.

import type { InstaQLEntity } from 'triplane';
import { init } from 'triplane/react';

import { type Schema, schema } from '../instant.schema.ts';

export type Project = InstaQLEntity<Schema, 'projects'>;
export type Comment = InstaQLEntity<Schema, 'comments'>;
export type Task = InstaQLEntity<Schema, 'tasks', { comments: object }>;

const config = JSON.parse(document.getElementById('config')?.textContent ?? '') as Record<'appId' | 'apiURI' | 'websocketURI', string>;

export const db = init({ ...config, schema, onError: (error) => console.warn(error.message) });
export const roomOf = (projectId: string) => db.room('project', projectId);
export type Room = ReturnType<typeof roomOf>;
