import { memoryStore } from '../../src/storage/memory.ts';
import { keyValueConformance } from '../conformance/key-value.ts';

keyValueConformance('memory', { open: async () => memoryStore(), outlivesHandle: false });
