// The fields of what is told of streams.

import { boolean, count, each, json, optional, shape, string } from './field-checks.ts';
import { echo, type FieldsOf, type StreamOp, traced } from './core-fields.ts';
import type { StreamFile } from './stream-messages.ts';

const file = shape<StreamFile>({ id: string, size: count, url: string });

export const streamFields: FieldsOf<StreamOp> = {
  'start-stream-ok': { ...echo, 'client-id': string, 'stream-id': string, offset: count },
  'stream-flushed': { ...traced, 'stream-id': string, offset: count, done: optional(boolean) },
  'append-failed': { ...traced, 'stream-id': string },
  'stream-append': {
    ...echo,
    'stream-id': optional(string),
    'client-id': optional(string),
    offset: optional(count),
    files: optional(each(file)),
    content: optional(string),
    done: optional(boolean),
    'abort-reason': optional(string),
    error: optional(json),
    'error-type': optional(string),
    retry: optional(boolean),
  },
};
