// The fields of what rooms are told.

import { isObject } from './check.ts';
import { type Check, json, object, optional, rows, shape, string, within } from './field-checks.ts';
import type { Edit } from './presence-edits.ts';
import type { Broadcast, Peer } from './room-messages.ts';
import { echo, type FieldsOf, named, type RoomOp, traced } from './core-fields.ts';

const user = optional(named);
const broadcast = shape<Broadcast>({ 'peer-id': string, user, data: optional(json) });
const peer = shape<Peer>({ 'peer-id': optional(string), 'instance-id': optional(string), user, data: optional(json) });
const ackInRoom = { ...echo, 'room-id': string };

export const roomFields: FieldsOf<RoomOp> = {
  'join-room-ok': ackInRoom,
  'join-room-error': { ...ackInRoom, error: optional(json) },
  'leave-room-ok': ackInRoom,
  'set-presence-ok': ackInRoom,
  'refresh-presence': { ...traced, 'room-id': string, data: values(peer) },
  'patch-presence': { ...traced, 'room-id': string, edits: rows<Edit>() },
  'client-broadcast-ok': { ...ackInRoom, topic: string, data: optional(broadcast) },
  'server-broadcast': { ...traced, 'room-id': string, topic: string, data: broadcast },
};

/** An object whose keys are anything, and whose values are alike. */
function values<T>(part: Check<T>): Check<Readonly<Record<string, T>>> {
  return {
    kind: 'object',
    isOptional: false,
    part,
    find(value) {
      if (!isObject(value)) return object.find(value);
      for (const [key, each] of Object.entries(value)) {
        const fault = part.find(each);
        if (fault) return within(key, fault);
      }
      return undefined;
    },
  };
}
