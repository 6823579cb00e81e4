// The storage in memory, by the suite for all storages.

import { memory } from '../../../src/server/storage/memory.ts';
import type { Storage } from '../../../src/server/storage/storage.ts';
import { storageConformance } from '../../conformance/storage.ts';

const known = new Map<string, Storage>();

function open(name: string): Storage {
  const storage = known.get(name) ?? memory();
  known.set(name, storage);
  return storage;
}

storageConformance('memory', { open: async (name) => open(name), outlivesHandle: false, isShared: true });
