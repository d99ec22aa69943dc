import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import type { Finding, LessonMachine } from '../src/lessons/lesson.ts';
import { lessons } from '../src/lessons/lessons.ts';
import { defaultConfig } from '../src/machine/config.ts';
import { Session } from '../src/worker/session.ts';

const guest = (name: string) =>
  `data:application/octet-stream;base64,${readFileSync(new URL(`../../../guests/built/${name}`, import.meta.url)).toString('base64')}`;

const running: Session[] = [];
afterEach(() => {
  for (const session of running.splice(0)) session.pause('you');
});

async function machine(): Promise<LessonMachine> {
  const session = new Session(() => {});
  await session.boot({
    config: { ...defaultConfig, memoryMiB: 64 },
    files: {},
    builtin: { kernel: guest('kernel.elf'), disk: guest('disk.img') },
  });
  running.push(session);
  return session as unknown as LessonMachine;
}

it.each(lessons.map((lesson) => [lesson.title, lesson] as const))(
  '%s: every claim holds',
  async (_, lesson) => {
    const on = await machine();
    const findings: Finding[] = [];
    for (const step of lesson.steps) findings.push(await step.run(on));
    const claims = findings.flatMap(({ claims }) => claims);
    expect(claims.filter(({ holds }) => !holds).map(({ says }) => says)).toEqual([]);
    expect(claims.length).toBeGreaterThan(lesson.steps.length);
  },
);
