#!/usr/bin/env node
import { program } from './cli/program.ts';

process.title = 'dbcalm-cmd';
await program().parseAsync();
