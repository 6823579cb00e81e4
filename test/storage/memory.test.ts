import { memoryStore } from '../../src/storage/memory.ts';
import { keyValueConformance, ownStore } from '../conformance/key-value.ts';

const open = async (): Promise<ReturnType<typeof memoryStore>> => memoryStore();

keyValueConformance('memory', open, { outlivesHandle: false });
ownStore('memory', open);
