// Rejects queries that are too large to evaluate. Runs before everything else, with a walk whose cost is linear in the query's size.

import { isObject } from '../../lib/json.ts';
import { overLimit } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { isGroup } from './condition-check.ts';

export type QueryLimits = Pick<Limits, 'queryDepth' | 'pathLength' | 'conditions' | 'choices'>;

/** @throws InstantAPIError 'validation-failed' that names the limit */
export function checkQuerySize(q: Readonly<Record<string, unknown>>, limits: QueryLimits): void {
  const size = new QuerySize(limits);
  for (const [key, node] of Object.entries(q)) if (key !== '$$ruleParams') size.addNode(node, 1);
}

class QuerySize {
  readonly #limits: QueryLimits;
  #conditions = 0;
  #choices = 0;

  constructor(limits: QueryLimits) {
    this.#limits = limits;
  }

  addNode(node: unknown, depth: number): void {
    const { queryDepth } = this.#limits;
    if (depth > queryDepth) throw overLimit('queryDepth', queryDepth, 'forms of a query below each other');
    this.#addCondition();
    if (!isObject(node)) return;
    for (const [key, child] of Object.entries(node)) {
      if (key !== '$') this.addNode(child, depth + 1);
      else if (isObject(child)) {
        if (isObject(child.where)) this.#addWhere(child.where);
        if (Array.isArray(child.fields)) for (const _ of child.fields) this.#addCondition();
      }
    }
  }

  #addWhere(where: Readonly<Record<string, unknown>>): void {
    for (const [key, given] of Object.entries(where)) {
      this.#addCondition();
      this.#addPath(key);
      if (isGroup(key, given)) {
        for (const member of given) {
          this.#addCondition();
          if (isObject(member)) this.#addWhere(member);
        }
      } else if (isObject(given)) for (const operand of Object.values(given)) this.#addOperand(operand);
    }
  }

  #addPath(key: string): void {
    const { pathLength } = this.#limits;
    let labels = 1;
    for (let at = key.indexOf('.'); at >= 0; at = key.indexOf('.', at + 1)) {
      if (++labels > pathLength) throw overLimit('pathLength', pathLength, 'labels of a path');
    }
  }

  #addOperand(operand: unknown): void {
    const { choices } = this.#limits;
    this.#addCondition();
    if (Array.isArray(operand)) this.#choices += operand.length;
    if (this.#choices > choices) throw overLimit('choices', choices, 'values of all $in of a query');
  }

  #addCondition(): void {
    const { conditions } = this.#limits;
    if (++this.#conditions > conditions) throw overLimit('conditions', conditions, 'conditions, alternatives and forms of a query');
  }
}
