// `Object.hasOwn`, which Hermes does not have in every release that React Native ships.

/** Whether the object has the key itself, whatever its prototype has. */
export function hasOwn(object: object, key: PropertyKey): boolean {
  return Object.prototype.hasOwnProperty.call(object, key);
}
