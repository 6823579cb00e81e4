// The entities a change is about.

import { listed } from './links.ts';
import type { Report } from './report.ts';
import type { Row } from './row.ts';

/** Of a report: those whose rows changed, and those their links point at. */
export function touchedBy(report: Report): Set<string> {
  const ids = new Set<string>();
  for (const changes of report.values()) {
    for (const [id, { before, after }] of changes) {
      ids.add(id);
      for (const row of [before, after]) if (row) addTargets(row, ids);
    }
  }
  return ids;
}

function addTargets(row: Row, ids: Set<string>): void {
  for (const value of row.values) {
    if (typeof value === 'string') ids.add(value);
    else if (Array.isArray(value)) for (const id of listed(value as readonly string[])) if (typeof id === 'string') ids.add(id);
  }
}
