// The fields of what is told on an event stream only.

import { string } from './field-checks.ts';
import { type FieldsOf, traced } from './core-fields.ts';

export const feedFields: FieldsOf<'sse-init'> = {
  'sse-init': { ...traced, 'machine-id': string, 'session-id': string, 'sse-token': string },
};
