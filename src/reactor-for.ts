// The Reactor for a configuration: everything it needs of the platform is chosen here.

import { browserNetwork } from './connection/network.ts';
import { transportLater } from './connection/later.ts';
import type { Transport } from './connection/transport.ts';
import { webSocketTransport } from './connection/web-socket.ts';
import type { ResolvedConfig } from './config.ts';
import { oauthReturn } from './oauth-return.ts';
import { Reactor } from './reactor/reactor.ts';
import { linkIndex } from './schema.ts';
import type { KeyValue } from './storage/key-value.ts';
import { storeLater } from './storage/later.ts';
import { browserTabs } from './tabs/browser-tabs.ts';
import { alone, type Tabs } from './tabs/tabs.ts';
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
  const { appId, schema, websocketURI, log, clock, random, onError, adminToken } = config;
  const store = storeFor(config);
  const reactor: Reactor = new Reactor({
    appId,
    versions,
    adminToken,
    ...(schema && { schema, links: linkIndex(schema) }),
    useDates: config.useDateObjects,
    validate: !config.disableValidation,
    transports: transportsFor(config, EventSource).map((each) => inSlices(each, config, () => reactor)),
    clock,
    random,
    network: config.network ?? browserNetwork(),
    log,
    store,
    returning: oauthReturn(config, store),
    tabs: tabsFor(config),
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
  });
  return reactor;
}

/** Few ask for this, and only they load it. */
function inSlices(transport: Transport, { yieldEvery, onError: report }: ResolvedConfig, reactor: () => Reactor): Transport {
  if (yieldEvery === undefined) return transport;
  return transportLater(transport.name, async () =>
    (await import('./reactor/slices.ts')).readingLine(transport, { queries: () => reactor().organs.queries, yieldEvery, report }),
  );
}

/** A WebSocket, and plain HTTP for networks that let none through. Who hands in sockets of their own is not led past them. */
function transportsFor(config: ResolvedConfig, EventSource: EventSourceConstructor | undefined): Transport[] {
  const { appId, websocketURI, webSocket, fetch, log, clock } = config;
  const address = (uri: string): string => `${uri}?app_id=${appId}`;
  const sockets = webSocketTransport({ url: address(websocketURI), create: webSocket, log });
  // At the same server as the sockets: `apiURI` may be another one, and who is signed in is none of its business.
  const [, server] = /^ws(.*\/runtime)\/session$/.exec(websocketURI) ?? [];
  if (server === undefined || (webSocket && !fetch)) return [sockets];
  const events = { url: address(`http${server}/sse`), fetch, EventSource, clock, log };
  return [sockets, transportLater('sse', async () => (await import('./connection/event-source.ts')).eventSourceTransport(events))];
}

/** Tabs that keep the same act as one. What another brings along is shared only if it says so. */
function tabsFor({ storage, Store, appId }: ResolvedConfig): Tabs {
  const name = storage || Store ? storage?.sharedAs : '';
  return name === undefined ? alone() : browserTabs(`triplane/${appId}${name && `/${name}`}`);
}

/** Whatever keeps things is loaded only where it is used. */
function storeFor({ storage, Store, appId, log, clock }: ResolvedConfig): KeyValue {
  if (storage) return storage;
  if (Store) return storeLater(import('./storage/store-class.ts').then(({ storeOfClass }) => storeOfClass(Store, appId)));
  return storeLater(import('./storage/open-store.ts').then(({ openStore }) => openStore(`triplane/${appId}`, log, clock)));
}
