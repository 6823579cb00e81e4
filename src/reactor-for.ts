// The Reactor for a configuration: everything it needs of the platform is chosen here.

import { browserNetwork } from './connection/network.ts';
import { webSocketTransport } from './connection/web-socket.ts';
import type { ResolvedConfig } from './config.ts';
import { Reactor } from './reactor/reactor.ts';
import { linkIndex } from './schema.ts';
import type { KeyValue } from './storage/key-value.ts';
import { storeLater } from './storage/later.ts';
import { openStore } from './storage/open-store.ts';
import { storeOfClass } from './storage/store-class.ts';

const queryTimeoutMs = 30_000;

export function reactorFor(config: ResolvedConfig, versions: Readonly<Record<string, string>> | undefined): Reactor {
  const { appId, schema, websocketURI, webSocket, log, clock, random, onError, adminToken } = config;
  const url = `${websocketURI}?app_id=${appId}`;
  return new Reactor({
    appId,
    versions,
    adminToken,
    ...(schema && { schema, links: linkIndex(schema) }),
    useDates: config.useDateObjects,
    validate: !config.disableValidation,
    transports: [webSocketTransport({ url, create: webSocket, log })],
    clock,
    random,
    network: config.network ?? browserNetwork(),
    log,
    store: storeFor(config),
    startsWhenUsed: config.startsWhenUsed ?? false,
    queryTimeoutMs,
    serverName: websocketURI,
    onError,
  });
}

function storeFor({ storage, Store, appId, log, clock }: ResolvedConfig): KeyValue {
  if (storage) return storage;
  if (Store) return storeOfClass(Store, appId);
  return storeLater(openStore(`triplane/${appId}`, log, clock));
}
