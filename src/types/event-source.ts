// As much of an EventSource as is used: the browser's, or one that a program brings along.

/* eslint-disable @typescript-eslint/no-explicit-any -- what a listener gives back is nobody's business */

export interface EventSourceType {
  readonly url: string;
  readonly readyState: number;
  onopen: ((this: EventSourceType, ev: Event) => any) | null;
  onmessage: ((this: EventSourceType, ev: MessageEvent) => any) | null;
  onerror: ((this: EventSourceType, ev: Event) => any) | null;
  close(): void;
}

export interface EventSourceConstructor {
  OPEN: number;
  CONNECTING: number;
  CLOSED: number;
  new (url: string): EventSourceType;
}
