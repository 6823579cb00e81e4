// What is done in slices, so that the page stays alive meanwhile: loaded as one, when the first big answer is there or slices are asked for.

export { Breath } from '../lib/breath.ts';
export { readAhead } from './read-ahead.ts';
export { readingLine } from './reading-line.ts';
