// Reports the signed-in user to the program's own web server, which stores it in a cookie: after every change, and once a day.

import type { ResolvedConfig } from './config.ts';
import { syncUser } from '../http/first-party.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { User } from '../types/auth.ts';

const key = 'first-party';
const dayMs = 86_400_000;

export async function syncCookie({ account, events, config }: Reactor, app: ResolvedConfig): Promise<void> {
  const { firstPartyPath, log, clock = config.clock } = app;
  // During server-side rendering there is no user to report.
  if (!firstPartyPath || typeof window === 'undefined') return;
  const { store } = config;
  const sync = async (user: User | null): Promise<void> => {
    // A token must not outlive signing out on the device because the web server is down.
    await store.write([{ remove: key }]).catch(() => {});
    await syncUser({ ...app, firstPartyPath }, user);
    await store.write([{ put: key, value: { token: user?.refresh_token ?? null, at: clock.now() } }]);
  };
  let last = Promise.resolve();
  const syncNext = (user: User | null): Promise<void> => (last = last.then(() => sync(user)).catch((error: unknown) => log.error(error)));
  const user = await account.getUser();
  events.on('auth', (changed) => void syncNext(changed));
  const stored = (await store.get(key).catch(() => undefined)) as { token?: unknown; at?: number } | undefined;
  const isKnown = stored?.token === (user?.refresh_token ?? null) && clock.now() - Number(stored?.at) < dayMs;
  if (!isKnown) await syncNext((await account.getUser()) ?? null);
}
