import { testRecordings } from './suite.ts';

testRecordings('socket');
