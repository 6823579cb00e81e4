// What a bundler with Fast Refresh does when a module is replaced. Imported before React, which looks for it once.

import type { FunctionComponent } from 'react';
import runtime from 'react-refresh/runtime';

runtime.injectIntoGlobalHook(window);

/** A module with one component; `signature` = what the bundler makes of the hooks it calls. */
export function module(name: string, component: FunctionComponent, signature: string): { readonly Component: FunctionComponent } {
  const sign = runtime.createSignatureFunctionForTransform();
  const Component: FunctionComponent = () => {
    sign();
    return component({}) as never;
  };
  sign(Component, signature, false, () => []);
  runtime.register(Component, `/page/${name}.tsx ${name}`);
  return { Component };
}

export function apply(): void {
  runtime.performReactRefresh();
}
