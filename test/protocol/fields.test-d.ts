// What must not compile. Checked by tsc.

import { boolean, type Fields, optional, string } from '../../src/protocol/field-checks.ts';
import type { Maybe } from '../../src/protocol/envelope.ts';

interface Message {
  readonly op: 'm';
  readonly name: string;
  readonly kind: 'a' | 'b';
  readonly note?: Maybe<string>;
}

interface NotNullable {
  readonly op: 'n';
  readonly note?: string;
}

declare const either: Fields<Message>['kind'];

export const whole: Fields<Message> = { name: string, kind: either, note: optional(string) };
// @ts-expect-error a field without a row
export const lacking: Fields<Message> = { name: string, kind: either };
// @ts-expect-error a required field that may be missing
export const lax: Fields<Message> = { name: optional(string), kind: either, note: optional(string) };
// @ts-expect-error an optional field that must be there
export const strict: Fields<Message> = { name: string, kind: either, note: string };
// @ts-expect-error another kind
export const other: Fields<Message> = { name: boolean, kind: either, note: optional(string) };
// @ts-expect-error a kind that lets more through than the type says
export const wide: Fields<Message> = { name: string, kind: string, note: optional(string) };
// @ts-expect-error a field that is not in the type
export const more: Fields<Message> = { name: string, kind: either, note: optional(string), extra: string };
// @ts-expect-error null comes through the codec, so the type has to say so
export const nullless: Fields<NotNullable> = { note: optional(string) };
