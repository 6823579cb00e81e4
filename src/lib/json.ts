// What JSON makes of values.

/** Says itself what it is in JSON, as dates do. */
export function hasJson(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
