// The namespace and the rule that the client's `receipts` option needs, for apps whose rules forbid new attributes or namespaces.
// docs/exactly-once.md

import { isObject } from '../../lib/json.ts';
import type { ProjectFiles } from './project-files.ts';
import { pull } from './project-push.ts';
import type { Target } from './project-request.ts';

/** The client uses the same name. */
const receiptEtype = 'triplaneReceipts';
const entity = {
  attrs: { eventId: { valueType: 'string', required: false, isIndexed: true, config: { unique: true, indexed: true }, metadata: {} } },
  links: {},
};
/** A receipt is created once and later deleted by its creator; nobody reads it. */
const rule = { allow: { view: 'false', create: 'true', update: 'false', delete: 'true' } };

/** Adds what receipts need to the files. Without a rules file, uses the server's rules, if it has any. */
export async function withReceipts(target: Target, files: ProjectFiles): Promise<ProjectFiles> {
  const schema = isObject(files.schema) ? files.schema : { links: {}, rooms: {} };
  const rules = files.rules ?? (await pull(target)).rules;
  return {
    isPartial: !isObject(files.schema),
    schema: { ...schema, entities: { ...(isObject(schema['entities']) ? schema['entities'] : {}), [receiptEtype]: entity } },
    rules: isObject(rules) && Object.keys(rules).length > 0 ? { ...rules, [receiptEtype]: rule } : files.rules,
  };
}

/** The warning to show if the rules forbid receipts. Undefined if they do not, as far as can be determined. */
export function receiptsHint({ rules }: ProjectFiles): string | undefined {
  if (!isObject(rules) || rules[receiptEtype] !== undefined) return undefined;
  const isForbidden = [rules['attrs'], rules['$default']].some((each) => {
    const allow = isObject(each) && isObject(each['allow']) ? each['allow'] : {};
    const create = allow['create'] ?? allow['$default'];
    return create !== undefined && create !== 'true';
  });
  return isForbidden
    ? 'The rules keep clients from making receipts, so that on other servers a write may be applied twice. Add what they need: triplane push --receipts'
    : undefined;
}
