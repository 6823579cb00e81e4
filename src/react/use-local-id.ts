// An id that stays the same on this device: `db.useLocalId`. It is read from the device once; components that come later have it at once.

import { useMemo } from 'react';

import type { AnyCore } from './core.ts';
import type { Source } from './source.ts';
import { useSource } from './use-source.ts';

export function useLocalId(core: AnyCore, name: string): string | null {
  return useSource(useMemo(() => localIdOf(core, name), [core, name]));
}

function localIdOf(core: AnyCore, name: string): Source<string | null> {
  const { known } = core._reactor.localIds;
  const subscribe = (changed: () => void): (() => void) => {
    // Without a device to ask there is no id, and that is what is drawn.
    if (!known.has(name)) core.getLocalId(name).then(changed, (error: Error) => core._reactor.report(error));
    return () => {};
  };
  return { subscribe, read: () => known.get(name) ?? null, readOnServer: () => null };
}
