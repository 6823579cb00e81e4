// All that a server may say, op by op. A new op does not compile until it has its row.

import { coreFields, type FieldsOf } from './core-fields.ts';
import { feedFields } from './feed-fields.ts';
import { roomFields } from './room-fields.ts';
import type { ServerOp } from './server-message.ts';
import { streamFields } from './stream-fields.ts';
import { tableFields } from './table-fields.ts';

export const serverFields: FieldsOf<ServerOp> = { ...feedFields, ...coreFields, ...roomFields, ...tableFields, ...streamFields };
