// The way out for a configuration: which lines there are to the server, and which other tabs; and the store. Loaded together, as nearly
// every program needs them all.

// Whether someone comes back from an OAuth provider: the address of the page says so. What is done then, before anything else is asked, is
// loaded for them.

// The Reactor for a configuration: what it needs of the platform from the start is chosen here, the rest in
// outside-for.ts.

import type { BrowserPage } from './oauth-redirect.ts';
import type { EventSourceConstructor } from '../types/ports.ts';
import type { KeyValue } from '../storage/key-value.ts';
import type { ReactorConfig } from '../reactor/config.ts';
import type { ResolvedConfig } from './config.ts';
import type { Transport } from '../connection/transport.ts';
import type { User } from '../types/auth.ts';
import { Lazy } from '../reactor/lazy.ts';
import { Reactor } from '../reactor/reactor.ts';
import { adaptStoreClass } from '../storage/store-class.ts';
import { browserNetwork } from '../connection/network.ts';
import { browserTabs, alwaysLeader, type Tabs } from '../reactor/tabs/tab-channel.ts';
import { closedError } from '../reactor/client-errors.ts';
import { httpCalls } from './lazy-features.ts';
import { lazyTransport } from '../connection/lazy-transport.ts';
import { linkIndex } from '../schema/schema.ts';
import { openStore, deferredStore } from '../storage/open-store.ts';
import { type ReactorContext, Uplink, type OpenUplink } from '../reactor/uplink.ts';
import { webSocketTransport } from '../connection/web-socket.ts';

/** Reached from here, as tables are ordered as queries are: with what is here already. */
export const loadTableApi = (): Promise<typeof import('../reactor/tables/table-api.ts')> => import('../reactor/tables/table-api.ts');

/** @param found is told the store once the other tabs are listened to: what they change from then on is heard */
export function uplinkFor(
  context: ReactorContext,
  config: ResolvedConfig,
  EventSource: EventSourceConstructor | undefined,
  onStore: (store: Promise<KeyValue>) => void,
): Uplink {
  const transports = transportsFor(config, EventSource).map((each) => sliced(each, config, context));
  const uplink = new Uplink(context, { transports, tabs: tabsFor(config) });
  onStore(storeFor(config));
  return uplink;
}

async function storeFor({ storage, Store, appId, log, clock }: ResolvedConfig): Promise<KeyValue> {
  return storage ?? (Store ? adaptStoreClass(Store, appId) : openStore(`triplane/${appId}`, log, clock));
}

/** Few ask for this, and only they load it. */
function sliced(transport: Transport, { yieldEvery, onError: report }: ResolvedConfig, { state: organs }: ReactorContext): Transport {
  if (yieldEvery === undefined) return transport;
  return lazyTransport(transport.name, async () =>
    (await import('../reactor/queries/sliced-transport.ts')).slicedTransport(transport, {
      queries: () => organs.queries,
      yieldEvery,
      report,
    }),
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
  return [sockets, lazyTransport('sse', async () => (await import('../connection/sse/transport.ts')).eventSourceTransport(events))];
}

/** Tabs that keep the same act as one. What another brings along is shared only if it says so. */
function tabsFor({ storage, Store, appId }: ResolvedConfig): Tabs {
  const name = storage || Store ? storage?.sharedAs : '';
  return name === undefined ? alwaysLeader() : browserTabs(`triplane/${appId}${name && `/${name}`}`);
}

/** Undefined unless someone returns. What it gives rejects if the provider, or the server, said no. */
export function pendingOAuthRedirect(
  app: ResolvedConfig,
  store: KeyValue,
  page: BrowserPage = globalThis,
): ((guest: User | undefined, signal?: AbortSignal) => Promise<User>) | undefined {
  const query = page.history && page.location?.href.split('#', 1)[0];
  if (!query || !/[?&]_instant_oauth_redirect=[^&]/.test(query) || !/[?&](code|error)=[^&]/.test(query)) return undefined;
  return async (guest, signal) => (await httpCalls.load()).completeOAuthRedirect(app, store, page, guest, signal);
}

const queryTimeoutMs = 30_000;
/** More than anybody writes offline; less than fills a device. */
const outboxLimit = 100_000;

/** `EventSource`: for platforms whose `fetch` gives no streams. */
export function createReactor(
  config: ResolvedConfig,
  versions: Readonly<Record<string, string>> | undefined,
  EventSource?: EventSourceConstructor,
): Reactor {
  const { appId, schema, websocketURI, log, clock, random, onError, adminToken, storage } = config;
  let resolveStore = (_store: Promise<KeyValue>): void => {};
  const later = deferredStore(new Promise((resolve) => (resolveStore = resolve)));
  const uplink = new Lazy<OpenUplink>(async () => {
    const { uplinkFor: outsideFor } = await import('./create-client.ts');
    return (context) => outsideFor(context, config, EventSource, resolveStore);
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
    completeOAuthRedirect: pendingOAuthRedirect(config, store),
    startsWhenUsed: config.startsWhenUsed,
    receipts: config.receipts,
    outboxLimit,
    queryCacheLimit: config.queryCacheLimit,
    local: config.local ?? false,
    yieldEvery: config.yieldEvery,
    roomsByType: config.roomsByType,
    queryTimeoutMs,
    serverName: websocketURI,
    onError,
  };
  return new Reactor(reactorConfig, Object.assign(uplink, { giveUp: () => resolveStore(Promise.reject(closedError())) }));
}
