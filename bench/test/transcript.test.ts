import { describe, expect, it } from 'vitest';
import { ConsoleReader } from '../src/console-reader.ts';
import { publicPrograms } from '../src/programs.ts';
import { readTranscript } from '../src/transcript.ts';

/** A line every 100 ms of the clock and every 50 ms of processor time. */
const spoken = (...texts: string[]) =>
  texts.map((text, index) => ({ text, hostMs: index * 100, cpuMs: index * 50 }));

describe('what a machine printed', () => {
  it('times our programs from begin to end, without starting them', () => {
    const timings = readTranscript(
      spoken(
        'programs: begin',
        'sieve: start',
        'sieve: begin',
        '[    2.5] a message of the kernel',
        'sieve: checksum 0x265440 ok, 123456789 ns',
        'sieve: exit 0',
        'programs: end',
      ),
    );
    expect(timings).toEqual([
      { program: 'sieve', hostMs: 200, cpuMs: 100, ownMs: 123.456789, wrong: undefined },
    ]);
  });

  it('times a program on the bare machine, which counts otherwise', () => {
    const [timing] = readTranscript(spoken('hash: begin', 'hash: checksum 0x1 ok, 5 cycles, 5 instret'));
    expect(timing).toMatchObject({ program: 'hash', hostMs: 100, ownMs: undefined, wrong: undefined });
  });

  it('says that a checksum is wrong', () => {
    const [timing] = readTranscript(spoken('fft: begin', 'fft: checksum 0x1 WRONG, 10 ns'));
    expect(timing?.wrong).toBe('wrong checksum');
  });

  it('times a public program from start to exit, and believes its status where it knows no better', () => {
    const lines = spoken('other: start', 'hello', 'other: exit 3');
    expect(readTranscript(lines)).toMatchObject([{ program: 'other', hostMs: 200, wrong: 'exit status 3' }]);
  });

  it('believes what a program is known to print more than its status', () => {
    const checks = { known: /result: 42\n[\s\S]*end/ };
    const right = spoken('known: start', 'result: 42', 'the end', 'known: exit 7');
    const wrong = spoken('known: start', 'result: 41', 'the end', 'known: exit 0');
    expect(readTranscript(right, checks)[0]?.wrong).toBeUndefined();
    expect(readTranscript(wrong, checks)[0]?.wrong).toContain('does not match');
  });

  it('gives no time for a program that did not end', () => {
    expect(readTranscript(spoken('sieve: start', 'sieve: begin', 'Kernel panic'))).toEqual([]);
    expect(readTranscript(spoken('sort: checksum 0x1 ok, 1 ns'))).toEqual([]);
  });

  it('knows a right CoreMark by its three checksums', () => {
    const printed = [
      'crclist          : 0xe714',
      '[0]crcmatrix     : 0x1fd7',
      '[0]crcstate      : 0x8e3a',
      '',
    ];
    expect(publicPrograms.coremark?.check?.test(printed.join('\n'))).toBe(true);
    expect(publicPrograms.coremark?.check?.test(printed.join('\n').replace('1fd7', '1fd8'))).toBe(false);
  });
});

describe('the console', () => {
  const at = (hostMs: number) => ({ hostMs, cpuMs: undefined });

  it('gives a line the time of its end', () => {
    const reader = new ConsoleReader([]);
    reader.feed('one\r\ntw', at(1));
    reader.feed('o\r\n', at(2));
    expect(reader.lines).toEqual([
      { text: 'one', ...at(1) },
      { text: 'two', ...at(2) },
    ]);
  });

  it('finds texts in order, in pieces and without a line end, and types the answer once', () => {
    const reader = new ConsoleReader([{ await: 'sh\n$ ', send: 'test\n' }, { await: 'PASSED' }]);
    expect(reader.feed('PASSED? init: s', at(1))).toBe('');
    expect(reader.feed('h\r\n$', at(2))).toBe('');
    expect(reader.feed(' ', at(3))).toBe('test\n');
    expect(reader.done).toBe(false);
    expect(reader.feed('test\r\nALL TESTS PASSED\r\n$ ', at(4))).toBe('');
    expect(reader.steps).toEqual([at(3), at(4)]);
    expect(reader.done).toBe(true);
  });
});
