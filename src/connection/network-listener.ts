// A listener to the network as programs for InstantDB's client hand one to `init`, as a Network. It is asked once whether there
// is one, and believed from then on when it tells.

import type { Network } from './network.ts';

export interface NetworkListener {
  getIsOnline(): Promise<boolean>;
  /** Gives what ends it. */
  listen(told: (isOnline: boolean) => void): () => void;
}

export function networkOf(listener: NetworkListener): Network {
  let isOnline = true;
  return {
    isOnline: () => isOnline,
    subscribe(on) {
      let isOver = false;
      const told = (now: boolean): void => {
        if (isOver || now === isOnline) return;
        isOnline = now;
        on(now ? 'online' : 'offline');
      };
      listener.getIsOnline().then(told, () => {});
      const stop = listener.listen(told);
      return () => {
        isOver = true;
        stop();
      };
    },
  };
}
