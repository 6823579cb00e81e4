/** Whether this is server rendering: no browser, no React Native. */
export const isServer = typeof window === 'undefined';
