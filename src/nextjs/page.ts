// What components below the provider know of the page they are on.

import { createContext } from 'react';
import type { User } from 'triplane';

import type { Given } from './given.ts';
import type { Rendering } from './rendering.ts';

export interface Page {
  /** Whom it is for: null = nobody, undefined = nobody has said. */
  readonly user: User | null | undefined;
  /** On the server. */
  readonly rendering: Rendering | undefined;
  /** In the browser. */
  readonly given: Given | undefined;
}

export const PageContext = createContext<Page | undefined>(undefined);

export const isServer = typeof window === 'undefined';
