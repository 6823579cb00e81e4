// What components below the provider know of the page they are on.

import { createContext } from 'react';
import type { User } from 'triplane';

import type { HydratedResults } from './hydration.ts';
import type { ServerQueryCache } from './server-render.ts';

export interface PageContextValue {
  /** Whom it is for: null = nobody, undefined = nobody has said. */
  readonly user: User | null | undefined;
  /** On the server. */
  readonly queryCache: ServerQueryCache | undefined;
  /** In the browser. */
  readonly hydrated: HydratedResults | undefined;
}

export const PageContext = createContext<PageContextValue | undefined>(undefined);

export const isServer = typeof window === 'undefined';
