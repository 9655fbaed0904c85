#!/usr/bin/env node
require('../src/pinned-node.cjs');
import('../dist/npm/main.js');
