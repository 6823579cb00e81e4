// The React context of a page, provided by InstantSuspenseProvider.

import { createContext } from 'react';
import type { User } from 'triplane';
import type { HydratedResults } from './hydration.ts';
import type { ServerQueryCache } from './server-render.ts';

export interface PageContextValue {
  /** The user the page is rendered for: null if anonymous, undefined if not specified. */
  readonly user: User | null | undefined;
  /** Set on the server. */
  readonly queryCache: ServerQueryCache | undefined;
  /** Set in the browser. */
  readonly hydrated: HydratedResults | undefined;
}

export const PageContext = createContext<PageContextValue | undefined>(undefined);
