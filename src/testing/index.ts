// Entry `triplane/testing`: helpers for tests of programs. No logic.

export { storageConformance } from './storage-conformance.ts';
export type { ConformanceCase, StorageTraits } from './storage-conformance.ts';
