import fc from 'fast-check';

// The same random cases in every run: a failure is a change's doing. FC_SEED tries others.
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20261122) });
