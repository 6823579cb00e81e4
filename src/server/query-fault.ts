// Where a query cannot be taken, and why: thrown by whoever reads a part of it, told as one refusal of the whole.

import type { Fault } from './refusal.ts';

export type Path = readonly (string | number)[];

export class QueryFault extends Error {
  readonly fault: Fault;
  constructor(path: Path, message: string) {
    super(message);
    this.fault = { in: path, message };
  }
}
