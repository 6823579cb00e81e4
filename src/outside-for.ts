// The way out for a configuration: which lines there are to the server, and which other tabs; and the store. Loaded together, as nearly
// every program needs them all.

import { transportLater } from './connection/later.ts';
import type { Transport } from './connection/transport.ts';
import { webSocketTransport } from './connection/web-socket.ts';
import type { ResolvedConfig } from './config.ts';
import { type Inside, Outside } from './reactor/outside.ts';
import type { KeyValue } from './storage/key-value.ts';
import { openStore } from './storage/open-store.ts';
import { storeOfClass } from './storage/store-class.ts';
import { browserTabs } from './tabs/browser-tabs.ts';
import { alone, type Tabs } from './tabs/tabs.ts';
import type { EventSourceConstructor } from './types/event-source.ts';

/** Reached from here, as tables are ordered as queries are: with what is here already. */
export const tableDesk = (): Promise<typeof import('./reactor/sync-table-desk.ts')> => import('./reactor/sync-table-desk.ts');

/** @param found is told the store once the other tabs are listened to: what they change from then on is heard */
export function outsideFor(
  inside: Inside,
  config: ResolvedConfig,
  EventSource: EventSourceConstructor | undefined,
  found: (store: Promise<KeyValue>) => void,
): Outside {
  const transports = transportsFor(config, EventSource).map((each) => inSlices(each, config, inside));
  const outside = new Outside(inside, { transports, tabs: tabsFor(config) });
  found(storeFor(config));
  return outside;
}

async function storeFor({ storage, Store, appId, log, clock }: ResolvedConfig): Promise<KeyValue> {
  return storage ?? (Store ? storeOfClass(Store, appId) : openStore(`triplane/${appId}`, log, clock));
}

/** Few ask for this, and only they load it. */
function inSlices(transport: Transport, { yieldEvery, onError: report }: ResolvedConfig, { organs }: Inside): Transport {
  if (yieldEvery === undefined) return transport;
  return transportLater(transport.name, async () =>
    (await import('./reactor/slices.ts')).readingLine(transport, { queries: () => organs.queries, yieldEvery, report }),
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
