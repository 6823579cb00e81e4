// Whether a value is a schema as far as every part of the client and the admin SDK reads it. It may be one of the official packages, or data that
// was a schema before it was sent as JSON.

import { isObject } from '../lib/json.ts';

export function isSchema(given: unknown): boolean {
  if (!isObject(given) || !isObject(given['entities']) || !isObject(given['links'])) return false;
  return Object.values(given['entities']).every(isObject) && Object.values(given['links']).every(isLink);
}

const isLink = (link: unknown): boolean => isObject(link) && isEnd(link['forward']) && isEnd(link['reverse']);
const isEnd = (end: unknown): boolean => isObject(end) && typeof end['on'] === 'string' && typeof end['label'] === 'string';
