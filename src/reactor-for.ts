// The Reactor for a configuration: what it needs of the platform from the start is chosen here, the rest in
// outside-for.ts.

import { browserNetwork } from './connection/network.ts';
import type { ResolvedConfig } from './config.ts';
import { oauthReturn } from './oauth-return.ts';
import type { ReactorConfig } from './reactor/config.ts';
import type { OpenOutside } from './reactor/outside.ts';
import { Part } from './reactor/part.ts';
import { Reactor } from './reactor/reactor.ts';
import { closedError } from './reactor/trouble.ts';
import { linkIndex } from './schema.ts';
import type { KeyValue } from './storage/key-value.ts';
import { storeLater } from './storage/later.ts';
import type { EventSourceConstructor } from './types/event-source.ts';

const queryTimeoutMs = 30_000;
/** More than anybody writes offline; less than fills a device. */
const outboxLimit = 100_000;

/** `EventSource`: for platforms whose `fetch` gives no streams. */
export function reactorFor(
  config: ResolvedConfig,
  versions: Readonly<Record<string, string>> | undefined,
  EventSource?: EventSourceConstructor,
): Reactor {
  const { appId, schema, websocketURI, log, clock, random, onError, adminToken, storage } = config;
  let found = (_store: Promise<KeyValue>): void => {};
  const later = storeLater(new Promise((resolve) => (found = resolve)));
  const outside = new Part<OpenOutside>(async () => {
    const { outsideFor } = await import('./outside-for.ts');
    return (inside) => outsideFor(inside, config, EventSource, found);
  });
  // One that other tabs share is not read before they are heard.
  const store = storage && storage.sharedAs === undefined ? storage : later;
  const reactorConfig: ReactorConfig = {
    appId,
    versions,
    adminToken,
    ...(schema && { schema, links: linkIndex(schema) }),
    useDates: config.useDateObjects,
    validate: !config.disableValidation,
    clock,
    random,
    network: config.network ?? browserNetwork(),
    log,
    store,
    returning: oauthReturn(config, store),
    startsWhenUsed: config.startsWhenUsed,
    receipts: config.receipts,
    outboxLimit,
    answerLimit: config.queryCacheLimit,
    local: config.local ?? false,
    yieldEvery: config.yieldEvery,
    roomsByType: config.roomsByType,
    queryTimeoutMs,
    serverName: websocketURI,
    onError,
  };
  return new Reactor(reactorConfig, Object.assign(outside, { giveUp: () => found(Promise.reject(closedError())) }));
}
