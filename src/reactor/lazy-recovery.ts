// Recovery from requests that no server takes, as a separate chunk: it is loaded once a connection is lost over a request.

import { lazy } from './lazy.ts';

export const loadRecovery = lazy(() => import('./recovery.ts'));
