// Announcements for screen readers.

import { newValue } from './value.ts';

export const said = newValue('');
export const say = (text: string): void => said.set(text);
