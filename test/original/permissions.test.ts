import { testRecordings } from './suite.ts';

testRecordings('permissions');
