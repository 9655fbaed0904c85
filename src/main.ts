#!/usr/bin/env node
import { programFor } from './cli/program.ts';

process.title = 'dbcalm-cmd';
// Not awaited: what has an await at its top is no script, and the executable is made of one.
programFor(process.argv.slice(2)).then((program) => program.parseAsync());
