// Entry `triplane/testing`: what tests of programs use. No logic.

export { storageConformance } from './storage-conformance.ts';
export type { ConformanceCase, StorageTraits } from './storage-conformance.ts';
