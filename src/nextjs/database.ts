// The database for components of a Next.js app: results that were rendered on the server are available immediately.

/* eslint-disable @typescript-eslint/no-explicit-any -- databases of every schema */

import { useContext, useMemo } from 'react';
import type { AuthState, InstantSchemaDef } from 'triplane';
import { InstantReactWebDatabase } from 'triplane/react';
import { PageContext } from './page-context.ts';
import { useSuspenseQuery } from './use-suspense-query.ts';

export type AnySchemaDef = InstantSchemaDef<any, any, any>;

export class InstantNextDatabase<Schema extends AnySchemaDef, UseDates extends boolean> extends InstantReactWebDatabase<Schema, UseDates> {
  /**
   * Subscribes to a query and suspends until its result arrives. Runs on the server too, below `InstantSuspenseProvider`; the browser
   * starts with the same result and stays live.
   *
   * @example
   * const { data } = db.useSuspenseQuery({ goals: {} });
   */
  override useSuspenseQuery: InstantReactWebDatabase<Schema, UseDates>['useSuspenseQuery'] = (query, opts) =>
    useSuspenseQuery((shape, options) => this._queryStore(shape, options), query, opts) as never;

  /**
   * Returns the signed-in user; until the browser knows it, the user the page was rendered for.
   *
   * @example
   * const { user } = db.useAuth();
   */
  override useAuth = (): AuthState => {
    const own = this._useAuth();
    const user = useContext(PageContext)?.user;
    const rendered = useMemo((): AuthState => ({ isLoading: false, user: user ?? undefined, error: undefined }), [user]);
    return own.isLoading && user !== undefined ? rendered : own;
  };
}
