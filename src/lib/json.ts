// What JSON makes of values.

/** Says itself what it is in JSON, as dates do. */
export function hasJson(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

// The one guard that everybody needs. Those for the fields of messages are in field-checks.ts.

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
