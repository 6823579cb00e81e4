// The namespace and the rule that `receipts` of the client need, for apps whose rules forbid new attributes or namespaces.
// docs/exactly-once.md

import { isObject } from '../../lib/json.ts';
import type { ProjectFiles } from './project-files.ts';
import { pull, type Target } from './project-push.ts';

/** As the client names it. */
const receiptEtype = 'triplaneReceipts';
const entity = {
  attrs: { eventId: { valueType: 'string', required: false, isIndexed: true, config: { unique: true, indexed: true }, metadata: {} } },
  links: {},
};
/** A receipt is made once, and deleted later by whoever made it: nobody has to read one. */
const rule = { allow: { view: 'false', create: 'true', update: 'false', delete: 'true' } };

/** The same files with what receipts need. Without a file of rules, the rules that the server has, if it has any. */
export async function withReceipts(target: Target, files: ProjectFiles): Promise<ProjectFiles> {
  const schema = isObject(files.schema) ? files.schema : { links: {}, rooms: {} };
  const rules = files.rules ?? (await pull(target)).rules;
  return {
    isPartial: !isObject(files.schema),
    schema: { ...schema, entities: { ...(isObject(schema['entities']) ? schema['entities'] : {}), [receiptEtype]: entity } },
    rules: isObject(rules) && Object.keys(rules).length > 0 ? { ...rules, [receiptEtype]: rule } : files.rules,
  };
}

/** What to say to somebody whose rules forbid receipts. Undefined if they do not, as far as that can be seen. */
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
