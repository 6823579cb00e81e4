import { testRecordings } from './suite.ts';

testRecordings('http');
