// Renames of a push: attributes keep their data under another label. Without them, a label that is gone from the schema and one that is new
// in it are two attributes.

import { TriplaneError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';

export interface Rename {
  readonly etype: string;
  readonly from: string;
  readonly to: string;
}

/** Each is `posts.author:posts.creator`; several may stand in one text. @throws TriplaneError 'config-invalid' */
export function readRenames(given: readonly string[]): Rename[] {
  return given
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((text) => text !== '')
    .map((text) => {
      const [, etype = '', from = '', other, to = ''] = /^([^:]+)\.([^.:]+):([^:]+)\.([^.:]+)$/.exec(text) ?? [];
      if (etype === '' || etype !== other) {
        throw new TriplaneError('config-invalid', `--rename takes <namespace>.<old>:<namespace>.<new> of one namespace, and not ${text}`);
      }
      return { etype, from, to };
    });
}

export interface RenameSteps {
  readonly steps: readonly (readonly unknown[])[];
  readonly lines: readonly string[];
}

/**
 * The steps that rename attributes of the app. What has the new name already was renamed by an earlier push.
 *
 * @throws TriplaneError 'config-invalid' for an attribute that is not there, or a name that is taken
 */
export function renameSteps(renames: readonly Rename[], attrs: unknown): RenameSteps {
  const found = renames.flatMap((rename) => {
    const [attr, taken] = [endNamed(attrs, rename.etype, rename.from), endNamed(attrs, rename.etype, rename.to)];
    const [before, after] = [`${rename.etype}.${rename.from}`, `${rename.etype}.${rename.to}`];
    if (!attr && taken) return [];
    if (!attr) throw new TriplaneError('config-invalid', `--rename: the app has no ${before}`);
    if (taken) throw new TriplaneError('config-invalid', `--rename: ${after} is there already, beside ${before}`);
    const identity = [attr.identity[0], rename.etype, rename.to];
    return [{ step: ['update-attr', { id: attr.id, [attr.end]: identity }], line: `~ ${before}: now ${after}` }];
  });
  return { steps: found.map(({ step }) => step), lines: found.map(({ line }) => line) };
}

interface NamedEnd {
  readonly id: unknown;
  readonly end: 'forward-identity' | 'reverse-identity';
  readonly identity: readonly unknown[];
}

/** The attribute, or the link whose end this is. */
function endNamed(attrs: unknown, etype: string, label: string): NamedEnd | undefined {
  for (const attr of Array.isArray(attrs) ? attrs.filter(isObject) : []) {
    for (const end of ['forward-identity', 'reverse-identity'] as const) {
      const identity: unknown = attr[end];
      if (Array.isArray(identity) && identity[1] === etype && identity[2] === label) return { id: attr['id'], end, identity };
    }
  }
  return undefined;
}
