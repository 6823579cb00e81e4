// The whole API of the platform by section, as `client.rest` and `client.scoped(…)` have it.

import type { PlatformApi } from './api.ts';
import {
  adminApi,
  authApi,
  databaseApi,
  debuggerApi,
  schemasApi,
  servicesApi,
  socketApi,
  systemApi,
  topicsApi,
  webhooksApi,
} from './rest.ts';
import { SyncApi } from './sync.ts';

/** The API, section by section. */
export function restOf(api: PlatformApi) {
  return {
    topics: topicsApi(api),
    schemas: schemasApi(api),
    database: databaseApi(api),
    services: servicesApi(api),
    documents: new SyncApi(api),
    socket: socketApi(api),
    webhooks: webhooksApi(api),
    debugger: debuggerApi(api),
    auth: authApi(api),
    admin: adminApi(api),
    ...systemApi(api),
  };
}

export type PlatformRest = ReturnType<typeof restOf>;
