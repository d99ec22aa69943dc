import { describe, expect, it } from 'vitest';
import { runSession, type SessionRequest } from '../src/session.ts';

/** A process that runs this script. */
const script = (code: string, more: Partial<SessionRequest> = {}) =>
  runSession({
    command: process.execPath,
    args: ['-e', code],
    console: 'stdout',
    timeoutMs: 60_000,
    ...more,
  });

describe('a session', () => {
  it('puts rising times to lines and keeps the other stream apart', async () => {
    const session = await script(
      'console.log("a"); console.error("aside"); setTimeout(() => console.log("b"), 20)',
    );
    expect(session.lines.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(session.lines[1]?.hostMs).toBeGreaterThan(session.lines[0]?.hostMs ?? Infinity);
    expect(session).toMatchObject({ aside: 'aside\n', failure: undefined });
  });

  it('types what a prompt waits for, and ends a process that would not', async () => {
    const echo =
      'process.stdin.on("data", (data) => process.stdout.write("got " + data)); process.stdout.write("$ ")';
    const session = await script(echo, {
      steps: [{ await: '$ ', send: 'hello\n' }, { await: 'got hello' }],
      stopAfterSteps: true,
    });
    expect(session.steps).toHaveLength(2);
    expect(session.failure).toBeUndefined();
  });

  it('asks a process once to end, and hears what it still has to say', async () => {
    const report =
      'process.once("SIGTERM", () => { console.log("more"); setTimeout(() => { console.error("report"); process.exit(143); }, 100); });' +
      'setInterval(() => {}, 1000); console.log("ready")';
    const session = await script(report, { steps: [{ await: 'ready' }], stopAfterSteps: true });
    expect(session).toMatchObject({ aside: 'report\n', failure: undefined });
  });

  it('says when it could not start, ended badly, took too long, or printed what must not be', async () => {
    expect((await script('', { command: '/nonexistent/program' })).failure).toMatch(/^it did not start: /);
    expect((await script('process.exit(3)')).failure).toBe('it ended with code 3.');
    const forever = 'setInterval(() => console.log("a panic: here"), 5)';
    expect((await script(forever, { timeoutMs: 1 })).failure).toBe('it was still running after 0.001 s.');
    expect((await script(forever, { failAt: /panic/ })).failure).toBe('it printed "a panic: here".');
  });

  it.runIf(process.platform === 'linux')(
    'sees memory and processor time of a machine, and of nothing else',
    async () => {
      const work =
        'for (const end = Date.now() + 50; Date.now() < end;); console.log("done"); setTimeout(() => {}, 300)';
      const machine = await script(work, { ramBytes: 2 ** 50 });
      expect(machine.memory.peakBytes).toBeGreaterThan(1 << 20);
      expect(machine.lines[0]?.cpuMs).toBeGreaterThanOrEqual(0);
      const other = await script(work);
      expect(other.memory).toEqual({ peakBytes: undefined, beyondRamBytes: undefined });
      expect(other.lines[0]?.cpuMs).toBeUndefined();
    },
  );
});
