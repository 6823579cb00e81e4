// What of `react-refresh/runtime`, which brings no types, is used here.

declare module 'react-refresh/runtime' {
  import type { FunctionComponent } from 'react';

  interface Sign {
    (): void;
    (component: FunctionComponent, key: string, isReset: boolean, customHooks: () => unknown[]): FunctionComponent;
  }

  const runtime: {
    injectIntoGlobalHook(window: object): void;
    register(component: FunctionComponent, id: string): void;
    createSignatureFunctionForTransform(): Sign;
    performReactRefresh(): unknown;
  };
  // eslint-disable-next-line no-restricted-syntax -- so it is
  export default runtime;
}
