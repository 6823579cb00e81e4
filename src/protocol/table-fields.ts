// The fields of what is told of tables that are kept in step.

import { each, integer, object, oneOf, rows, shape, string, test } from './field-checks.ts';
import { echo, type FieldsOf, type TableOp, traced } from './core-fields.ts';
import type { SyncChange, SyncTx } from './sync-table-messages.ts';
import { isTriple, type Triple } from './triple.ts';

const change = shape<SyncChange>({ action: oneOf('added', 'removed'), triple: test('triple', isTriple) });

export const tableFields: FieldsOf<TableOp> = {
  'start-sync-ok': { ...echo, q: object, 'subscription-id': string, token: string },
  'sync-load-batch': { ...traced, 'subscription-id': string, 'join-rows': rows<readonly Triple[]>() },
  'sync-init-finish': { ...traced, 'subscription-id': string, 'tx-id': integer },
  'sync-update-triples': {
    ...traced,
    'subscription-id': string,
    txes: each(shape<SyncTx>({ 'tx-id': integer, changes: each(change) })),
  },
};
