import { testRecordings } from './suite.ts';

testRecordings('queries');
