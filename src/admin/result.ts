// Query results as programs get them: with `Date` objects where the schema declares dates and the program asks for them, and with the
// page info of live results in the spelling of this SDK.

import { coerceToDate } from '../lib/dates.ts';
import { isObject } from '../lib/json.ts';
import { own, type SchemaShape } from '../schema/read.ts';

/** The same result, with a `Date` for every date. A value that is no date stays as it is. */
export function withDates(schema: SchemaShape, result: unknown): unknown {
  if (!isObject(result)) return result;
  return mapObject(result, (etype, rows) => rowsWithDates(schema, etype, rows));
}

function rowsWithDates(schema: SchemaShape, etype: string, rows: unknown): unknown {
  if (Array.isArray(rows)) return rows.map((row: unknown) => rowsWithDates(schema, etype, row));
  const entity = own(schema.entities, etype);
  if (!isObject(rows) || !entity) return rows;
  return mapObject(rows, (label, value) => {
    const link = own(entity.links, label);
    if (link) return rowsWithDates(schema, link.entityName, value);
    return own(entity.attrs, label)?.valueType === 'date' ? dateOf(value) : value;
  });
}

function dateOf(value: unknown): unknown {
  try {
    return coerceToDate(value);
  } catch {
    return value;
  }
}

/** By namespace: where a page begins and ends, and whether more follows. */
export function readPageInfo(meta: unknown): unknown {
  const pages = isObject(meta) ? meta['page-info'] : undefined;
  if (!isObject(pages)) return undefined;
  return mapObject(pages, (_etype, page) => {
    const given = isObject(page) ? page : {};
    return {
      startCursor: given['start-cursor'],
      endCursor: given['end-cursor'],
      hasNextPage: given['has-next-page?'],
      hasPreviousPage: given['has-previous-page?'],
    };
  });
}

function mapObject(given: Readonly<Record<string, unknown>>, change: (key: string, value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, change(key, value)]));
}
