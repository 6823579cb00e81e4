// What happened, for those who listen to the page rather than look at it.

import { newValue } from './value.ts';

export const said = newValue('');
export const say = (text: string): void => said.set(text);
