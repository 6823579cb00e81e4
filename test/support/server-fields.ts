// Everything a server may say, with what is loaded on demand: from here on all of it is understood.

import { learn } from '../../src/protocol/codec.ts';
import { feedFields } from '../../src/protocol/feed-fields.ts';
import { roomFields } from '../../src/protocol/room-fields.ts';
import { serverFields as coreFields } from '../../src/protocol/server-fields.ts';
import { streamFields } from '../../src/protocol/stream-fields.ts';
import { tableFields } from '../../src/protocol/table-fields.ts';

export const serverFields = { ...feedFields, ...coreFields, ...roomFields, ...tableFields, ...streamFields };

learn(serverFields);
