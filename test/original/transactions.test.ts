import { testRecordings } from './suite.ts';

testRecordings('transactions');
