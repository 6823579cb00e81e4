// Helpers for JSON values.

/** Whether the object defines its JSON form, as dates do. */
export function hasJson(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether JSON would keep nothing of the value, or not what it stands for: `Blob`, `RegExp`, `Error`, `Promise`, typed arrays, `new Number(1)`.
 * Instances of a program's own classes are stored by their fields.
 */
export function isOpaque(value: object): boolean {
  if (ArrayBuffer.isView(value)) return true;
  return !Array.isArray(value) && tagOf(value) !== 'Object' && !hasJson(value);
}

export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
