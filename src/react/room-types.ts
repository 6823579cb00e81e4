// What room hooks take and give, in the terms of a schema.

import type { KeyboardEvent } from 'react';
import type { PresenceResponse } from 'triplane';

export type PresenceHandle<PresenceShape, Keys extends keyof PresenceShape> = PresenceResponse<PresenceShape, Keys> & {
  publishPresence: (data: Partial<PresenceShape>) => void;
};

export type TypingIndicatorOpts = {
  /** Milliseconds after the last key; null or 0 = no end. */
  timeout?: number | null;
  /** Enter sends, and ends. */
  stopOnEnter?: boolean;
  /** Others are of no interest. */
  writeOnly?: boolean;
};

export type TypingIndicatorHandle<PresenceShape> = {
  active: PresenceShape[];
  setActive(active: boolean): void;
  inputProps: { onKeyDown: (e: KeyboardEvent) => void; onBlur: () => void };
};
