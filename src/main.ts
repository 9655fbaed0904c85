#!/usr/bin/env node
import { program } from './cli/program.ts';

process.title = 'dbcalm-cmd';
// Not awaited: what has an await at its top is no script, and the executable is made of one.
program().parseAsync();
