#!/usr/bin/env node
import { qemuMain } from '../dist/index.js';

process.exitCode = await qemuMain(process.argv.slice(2));
