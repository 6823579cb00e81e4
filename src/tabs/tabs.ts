// The port to the other tabs of the same app in this browser: which one sends, and what they tell each other. What they say is
// not known here; it is plain data.

export interface Tabs {
  /** Whether this tab sends what waits. At most one of them does; when it is gone, another follows. */
  readonly isSender: boolean;
  /** To all the others. */
  tell(news: unknown): void;
  listen(on: TabEvents): void;
  /** Whether this tab has the thing of this name to itself, until it closes: the first that asks does. Without it, every tab does. */
  claim?(name: string): Promise<boolean>;
  /** Tells nothing more, hears nothing more, and lets another send: by the time the promise resolves, if there is one. */
  close(): void | Promise<void>;
}

export interface TabEvents {
  heard(news: unknown): void;
  /** This tab sends from here on. */
  becameSender(): void;
}

/** Where tabs cannot find each other, each sends for itself. */
export function alone(): Tabs {
  return { isSender: true, tell: () => {}, listen: () => {}, close: () => {} };
}
