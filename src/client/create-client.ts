// Creates the Reactor of a configuration with the platform's store, network, transports and tabs.

import { lazyTransport } from '../connection/lazy-transport.ts';
import { browserNetwork } from '../connection/network.ts';
import type { Transport } from '../connection/transport.ts';
import { webSocketTransport } from '../connection/web-socket.ts';
import { loadSlicing } from '../reactor/queries/slicing.ts';
import { Reactor } from '../reactor/reactor.ts';
import { alwaysLeader, browserTabs, type Tabs } from '../reactor/tabs/tab-channel.ts';
import { readGlobal } from '../lib/global.ts';
import { linkIndex } from '../schema/schema.ts';
import type { KeyValue } from '../storage/key-value.ts';
import { boundedStore } from '../storage/bounded-store.ts';
import { openStore } from '../storage/open-store.ts';
import { adaptStoreClass } from '../storage/store-class.ts';
import type { User } from '../types/auth.ts';
import type { EventSourceConstructor } from '../types/ports.ts';
import { adoptionOf } from './adoption.ts';
import type { ResolvedConfig } from './config.ts';
import { guardedPort, unknownNetwork } from './guarded-port.ts';
import { loadEventSource, loadHttp } from './lazy-features.ts';
import type { BrowserPage } from './oauth-redirect.ts';

const queryTimeoutMs = 30_000;
/** More than a user writes offline, less than fills a device. */
const outboxLimit = 100_000;

/** @param EventSource for platforms whose `fetch` has no streams */
export function createReactor(
  config: ResolvedConfig,
  versions?: Readonly<Record<string, string>>,
  EventSource?: EventSourceConstructor,
  tabs: Tabs = tabsFor(config),
): Reactor {
  const { schema, websocketURI, clock } = config;
  const store = boundedStore(storeFor(config), clock);
  const reactor: Reactor = new Reactor(
    {
      ...config,
      versions,
      ...(schema && { links: linkIndex(schema) }),
      useDates: config.useDateObjects,
      validate: !config.disableValidation,
      network: config.network ? guardedPort('network', config.network, unknownNetwork, config.onError) : browserNetwork(),
      store,
      adoption: adoptionOf(config, store),
      completeOAuthRedirect: pendingOAuthRedirect(config, store),
      outboxLimit,
      local: config.local ?? false,
      queryTimeoutMs,
      serverName: websocketURI,
    },
    { transports: transportsFor(config, EventSource).map((each) => sliced(each, config, () => reactor)), tabs },
  );
  return reactor;
}

function storeFor({ storage, Store, appId, log, clock }: ResolvedConfig): KeyValue {
  return storage ?? (Store ? adaptStoreClass(Store, appId) : openStore(`triplane/${appId}`, log, clock));
}

/** WebSocket, and an event stream for networks that block it. If the program provides its own sockets, only those are used. */
function transportsFor(config: ResolvedConfig, EventSource: EventSourceConstructor | undefined): Transport[] {
  const { appId, websocketURI, webSocket, fetch, log, clock, random, onError } = config;
  const address = (uri: string): string => `${uri}?app_id=${appId}`;
  const sockets = webSocketTransport({ url: address(websocketURI), create: webSocket, clock, log, onError });
  // On the host of the sockets: `apiURI` may be another host, which must not receive the user's token.
  const [, server] = /^ws(.*\/runtime)\/session$/.exec(websocketURI) ?? [];
  if (server === undefined || (webSocket && !fetch)) return [sockets];
  const events = { url: address(`http${server}/sse`), fetch, EventSource, clock, random, log, canProbe: true };
  return [sockets, lazyTransport('sse', async () => (await loadEventSource()).eventSourceTransport(events), onError)];
}

/** With `yieldEvery`, large results are read in slices. Where that module is missing, they are read in one go. */
function sliced(transport: Transport, { yieldEvery, onError }: ResolvedConfig, reactor: () => Reactor): Transport {
  if (yieldEvery === undefined) return transport;
  const load = async (): Promise<Transport> => {
    try {
      const { slicedTransport } = await loadSlicing();
      return slicedTransport(transport, { queries: () => reactor().state.queries, yieldEvery, report: onError });
    } catch (error) {
      onError(error as Error);
      return transport;
    }
  };
  return lazyTransport(transport.name, load, onError);
}

/** Tabs on the same store act as one client. A custom store is shared only if it sets `sharedAs`. */
function tabsFor({ storage, Store, appId, clock }: ResolvedConfig): Tabs {
  const name = storage || Store ? storage?.sharedAs : '';
  return name === undefined ? alwaysLeader() : browserTabs(`triplane/${appId}${name && `/${name}`}`, clock);
}

/** Undefined unless the page's URL is the redirect of an OAuth provider. Rejects if the provider or the server rejects the sign-in. */
export function pendingOAuthRedirect(
  app: ResolvedConfig,
  store: KeyValue,
  page: BrowserPage = globalThis,
): ((guest: User | undefined, signal?: AbortSignal) => Promise<User>) | undefined {
  const query = readGlobal(() => page.history && page.location?.href.split('#', 1)[0]);
  if (!query || !/[?&]_instant_oauth_redirect=[^&]/.test(query) || !/[?&](code|error)=[^&]/.test(query)) return undefined;
  return async (guest, signal) => (await loadHttp()).completeOAuthRedirect(app, store, page, guest, signal);
}
