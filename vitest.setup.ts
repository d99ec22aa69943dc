import fc from 'fast-check';
import { enableHostFeatures } from './packages/cli/src/host-features.ts';

// As the command does; tests that need it off say so.
enableHostFeatures();

// The same random cases in every run: a failure is a change's doing. FC_SEED tries others.
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20261122) });
