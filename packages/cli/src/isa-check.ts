import { HostError } from '@trapline/core';
import { hartExtensions } from '@trapline/machine';

/** What `g` stands for (RISC-V ISA manual, "ISA Extension Naming Conventions"). */
const GENERAL = ['i', 'm', 'a', 'f', 'd', 'zicsr', 'zifencei'];

/** Checks that the machine has everything an ISA string names. Throws HostError `usage` naming what is missing. */
export function checkIsa(text: string): void {
  const match = /^rv64([a-z]+)((?:_[a-z][a-z0-9]*)*)$/i.exec(text);
  if (match === null)
    throw new HostError('usage', `--isa ${text} is not an RV64 ISA string`, {
      hint: 'Write for example --isa rv64imafdc_zicsr_zba.',
    });
  // A multi-letter extension may follow the single letters without an underscore: rv64imaczicsr.
  const [, letters = '', rest = ''] = match;
  const [single = '', first] = splitAt(letters.toLowerCase(), /[zsx]/);
  const named = [...single].flatMap((letter) => (letter === 'g' ? GENERAL : [letter]));
  const all = [...named, ...(first ? [first] : []), ...rest.toLowerCase().split('_').filter(Boolean)];
  const missing = all.filter((name) => !(hartExtensions as readonly string[]).includes(name));
  if (missing.length > 0)
    throw new HostError(
      'usage',
      `--isa ${text} names ${missing.join(', ')}, which this machine does not have`,
      {
        hint: `It has ${hartExtensions.join(' ')}.`,
      },
    );
}

function splitAt(text: string, pattern: RegExp): [string, string] {
  const at = text.search(pattern);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}
