import { expect, test, vi } from 'vitest';
import { alwaysOnline, browserNetwork, type NetworkChange, type PageLike } from '../../src/connection/network.ts';

function newPage(): { page: PageLike & EventTarget; document: EventTarget; set(state: { onLine?: boolean; visibility?: string }): void } {
  let onChannel = true;
  let visibility = 'visible';
  const document = Object.defineProperty(new EventTarget(), 'visibilityState', { configurable: true, get: () => visibility });
  const navigator = Object.defineProperty({}, 'onLine', { get: () => onChannel });
  return {
    page: Object.assign(new EventTarget(), { document, navigator }),
    document,
    set(state) {
      onChannel = state.onLine ?? onChannel;
      visibility = state.visibility ?? visibility;
    },
  };
}

test('passes on network events of the page until it is unsubscribed', () => {
  const { page, document, set } = newPage();
  const news: NetworkChange[] = [];
  const leave = browserNetwork(page).subscribe((each) => news.push(each));
  const happen = (): void => {
    page.dispatchEvent(new Event('offline'));
    page.dispatchEvent(new Event('online'));
    page.dispatchEvent(new Event('pageshow'));
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    document.dispatchEvent(new Event('resume'));
    document.dispatchEvent(new Event('visibilitychange'));
    set({ visibility: 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  };
  happen();
  expect(news).toEqual(['offline', 'online', 'resumed', 'resumed', 'resumed']);
  leave();
  happen();
  expect(news).toHaveLength(5);
});

test('is online unless the navigator says no', () => {
  const { page, set } = newPage();
  expect(browserNetwork(page).isOnline()).toBe(true);
  set({ onLine: false });
  expect(browserNetwork(page).isOnline()).toBe(false);
  const worker: PageLike = new EventTarget();
  expect(browserNetwork(worker).isOnline()).toBe(true);
});

test('is always online outside a browser', () => {
  expect(browserNetwork({})).toBe(alwaysOnline);
  const on = vi.fn();
  browserNetwork().subscribe(on)();
  expect([browserNetwork().isOnline(), on.mock.calls]).toEqual([true, []]);
});

test.each(['navigator', 'document', 'addEventListener'])('is online in a page that may not read %s', (name) => {
  const blocked = Object.defineProperty(newPage().page, name, {
    get: () => {
      throw new DOMException('blocked', 'SecurityError');
    },
  });
  const network = browserNetwork(blocked);
  expect(network.isOnline()).toBe(true);
});

test.each([
  ['addEventListener', 2],
  ['addEventListener of the document', 0],
  ['visibilityState', 1],
])('%s that throws when it is used is ignored', (name, resumed) => {
  const { page, document } = newPage();
  const deny = (): never => {
    throw new DOMException('denied', 'SecurityError');
  };
  if (name === 'visibilityState') Object.defineProperty(document, name, { get: deny });
  else Object.assign(name === 'addEventListener' ? page : document, { addEventListener: deny });
  const on = vi.fn();
  const network = browserNetwork(page);
  const stops = [network.subscribe(on), network.onHidden?.(() => {})];
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('resume'));
  for (const stop of stops) stop?.();
  expect(on.mock.calls).toEqual(Array<string[]>(resumed).fill(['resumed']));
});

test('a document without addEventListener is ignored', () => {
  const page = Object.assign(new EventTarget(), { document: {} });
  const network = browserNetwork(page);
  for (const stop of [network.subscribe(() => {}), network.onHidden?.(() => {})]) stop?.();
});
