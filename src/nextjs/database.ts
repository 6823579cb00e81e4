// The database as components of a Next.js app have it: what came with the page is there at once.

/* eslint-disable @typescript-eslint/no-explicit-any -- databases of every schema */

import { useContext, useMemo } from 'react';
import type { AuthState, InstantSchemaDef } from 'triplane';
import { InstantReactWebDatabase } from 'triplane/react';

import { PageContext } from './page-context.ts';
import { useSuspenseQuery } from './use-suspense-query.ts';

export type AnySchemaDef = InstantSchemaDef<any, any, any>;

export class InstantNextDatabase<Schema extends AnySchemaDef, UseDates extends boolean> extends InstantReactWebDatabase<Schema, UseDates> {
  /**
   * The answer to a query, for components that are drawn when it is there: on the server, and with the same answer in the browser, where it
   * goes on live. Below `InstantSuspenseProvider`.
   *
   * @example
   * const { data } = db.useSuspenseQuery({ goals: {} });
   */
  override useSuspenseQuery: InstantReactWebDatabase<Schema, UseDates>['useSuspenseQuery'] = (query, opts) =>
    useSuspenseQuery((shape, options) => this._queryStore(shape, options), query, opts) as never;

  /**
   * Who is signed in: before the browser knows, whom the page was rendered for.
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
