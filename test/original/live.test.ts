import { testRecordings } from './suite.ts';

testRecordings('live');
