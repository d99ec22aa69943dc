import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { foldedStacks, type ProfileSample, speedscope } from '@trapline/machine';
import { fileError } from './files.ts';

/** Writes a profile: for speedscope when the file's name ends in `.json`, folded stacks else. Throws HostError `file`. */
export function saveProfile(path: string, samples: readonly ProfileSample[]): void {
  const text = path.endsWith('.json')
    ? `${JSON.stringify(speedscope(samples, basename(path)))}\n`
    : foldedStacks(samples);
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw fileError('profile', path, error);
  }
}
