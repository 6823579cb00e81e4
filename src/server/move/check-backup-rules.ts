// Checks the rules of a backup like a push of rules: a rule this server cannot evaluate would deny access.

import type { Attrs } from '../../db/attrs.ts';
import { InstantAPIError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { loadCel } from '../rules/cel.ts';
import { checkRules } from '../rules/check-rules.ts';
import { invalidArchive } from './archive.ts';
import type { BackupConfig } from './backup-config.ts';

export async function checkedRules(rules: BackupConfig['rules'], attrs: Attrs, notes: string[]): Promise<BackupConfig['rules']> {
  if (rules === null) return null;
  try {
    const { warnings } = checkRules(rules, await loadCel(), attrs);
    for (const { in: path = [], message } of warnings) notes.push(`rules: ${path.join('.')}: ${message}`);
    return rules;
  } catch (error) {
    if (!(error instanceof InstantAPIError)) throw error;
    const { hint } = error;
    const faults = isObject(hint) && Array.isArray(hint.errors) ? hint.errors.filter(isObject) : [];
    const lines = faults.map(
      (fault) => `\n  config.json: rules.${Array.isArray(fault.in) ? fault.in.join('.') : ''}: ${String(fault.message)}`,
    );
    throw invalidArchive(`The rules of the backup cannot be evaluated here; nothing was taken over.${lines.join('')}`);
  }
}
