// Which events of a webhook are kept.

import { expect, test } from 'vitest';
import { EventIndex } from '../../../src/server/webhooks/event-index.ts';
import type { WebhookEvent } from '../../../src/server/webhooks/webhook.ts';

const hook = 'hook';

function event(txId: number, nextAt: number | null): WebhookEvent {
  const times = { nextAt, createdAt: txId, updatedAt: txId };
  return { webhookId: hook, txId, status: nextAt === null ? 'success' : 'pending', attempts: null, ...times, changes: [] };
}

function indexWith({ finished = 0, waiting = 0 }): EventIndex {
  const index = new EventIndex();
  for (let n = 1; n <= finished + waiting; n++) index.note(hook, n, event(n, n <= finished ? null : n));
  return index;
}

test.each([
  ['a thousand finished ones, of which the oldest makes room', { finished: 1000 }, { gone: [1], unsent: 0 }],
  ['fewer', { finished: 999 }, { gone: [], unsent: 0 }],
  ['finished ones before waiting ones', { finished: 2, waiting: 999 }, { gone: [1, 2], unsent: 0 }],
  ['ten thousand waiting ones less one', { waiting: 9999 }, { gone: [], unsent: 0 }],
  ['ten thousand waiting ones, of which the oldest is dropped unsent', { waiting: 10_000 }, { gone: [1], unsent: 1 }],
])('kept are %s', (_, kept, surplus) => {
  expect(indexWith(kept).surplus(hook, 0)).toEqual(surplus);
});

test('expired events are dropped, whether they were sent or not', () => {
  expect(indexWith({ finished: 2, waiting: 3 }).surplus(hook, 4)).toEqual({ gone: [1, 2, 3], unsent: 1 });
});

test('events that are finished after the waiting ones make room, too', () => {
  const index = indexWith({ finished: 1, waiting: 2000 });
  expect(index.surplus(hook, 0)).toEqual({ gone: [1], unsent: 0 });
  index.note(hook, 1, null);
  expect(index.surplus(hook, 0)).toEqual({ gone: [], unsent: 0 });
  index.note(hook, 7, event(7, null));
  expect(index.surplus(hook, 0)).toEqual({ gone: [7], unsent: 0 });
});

test('due events are found oldest first, at most so many of each webhook', () => {
  const index = indexWith({ finished: 1, waiting: 5 });
  index.note('other', 3, { ...event(3, 3), webhookId: 'other' });
  expect(index.due(5, 2).map(({ webhookId, txId }) => `${webhookId} ${txId}`)).toEqual(['hook 2', 'hook 3', 'other 3']);
  expect([index.nextAt(), index.nextAt(100)]).toEqual([2, 2]);
});
