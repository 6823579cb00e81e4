// Properties of an object itself, apart from those of its prototype.

/** `Object.hasOwn`, which Hermes does not have in every release that React Native ships. */
export function hasOwn(object: object, key: PropertyKey): boolean {
  return Object.prototype.hasOwnProperty.call(object, key);
}

/** Sets a property of the object itself. Assigning to the key `__proto__` would set its prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
