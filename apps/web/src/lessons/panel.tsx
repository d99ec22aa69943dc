import { batch, type Signal, signal, useSignal } from '@preact/signals';
import { OpenedExit } from '../explorer/opened.tsx';
import type { MachineTab } from '../page/machine-tab.ts';
import type { Finding, Lesson, Step } from './lesson.ts';
import { lessons } from './lessons.ts';

/** The lesson that is open, and what its steps found so far. */
const open = signal<Lesson | undefined>(undefined);
const findings = signal<readonly Finding[]>([]);

function choose(lesson: Lesson | undefined): void {
  batch(() => {
    open.value = lesson;
    findings.value = [];
  });
}

/** Lessons beside the machine they drive. */
export function Lessons({ tab }: { tab: MachineTab }) {
  const lesson = open.value;
  if (lesson) return <OneLesson key={lesson.title} tab={tab} lesson={lesson} />;
  return (
    <div class="lessons">
      <h2>Six lessons</h2>
      <p>
        Each drives the machine beside it, the built-in kernel or one of your own, and checks against it every
        sentence it says.
      </p>
      <ol>
        {lessons.map((each) => (
          <li key={each.title}>
            <button type="button" class="link" onClick={() => choose(each)}>
              {each.title}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

function OneLesson({ tab, lesson }: { tab: MachineTab; lesson: Lesson }) {
  const busy = useSignal(false);
  const trouble = useSignal<string | undefined>(undefined);
  const done = findings.value;
  const step = lesson.steps[done.length];
  const following = lessons[lessons.indexOf(lesson) + 1];
  const go = async (): Promise<void> => {
    batch(() => {
      busy.value = true;
      trouble.value = undefined;
    });
    try {
      const found = await step!.run(tab.api);
      if (open.value === lesson) findings.value = [...findings.value, found];
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error);
    }
    busy.value = false;
  };
  return (
    <article class="lesson" aria-labelledby="lesson-title">
      <button type="button" class="link" onClick={() => choose(undefined)}>
        All lessons
      </button>
      <h2 id="lesson-title">
        {lessons.indexOf(lesson) + 1}. {lesson.title}
      </h2>
      <p>{lesson.about}</p>
      <ol class="done">
        {done.map((finding, at) => (
          <Done key={lesson.steps[at]!.plan} tab={tab} step={lesson.steps[at]!} finding={finding} />
        ))}
      </ol>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {step ? (
        <div class="next">
          <p>{step.plan}</p>
          <button type="button" class="main" disabled={busy.value} onClick={() => void go()}>
            {busy.value ? 'The machine runs…' : done.length === 0 ? 'Begin' : 'Next step'}
          </button>
        </div>
      ) : (
        <div class="line">
          <button type="button" onClick={() => void tab.api.resume('you')}>
            Let the machine run on
          </button>
          {following && (
            <button type="button" class="main" onClick={() => choose(following)}>
              Next: {following.title}
            </button>
          )}
        </div>
      )}
    </article>
  );
}

function Done({ tab, step, finding }: { tab: MachineTab; step: Step; finding: Finding }) {
  const shown: Signal<number | undefined> = useSignal(undefined);
  return (
    <li>
      <p class="note">{step.plan}</p>
      <ul class="claims">
        {finding.claims.map(({ says, holds }) => (
          <li key={says} class={holds ? 'holds' : 'fails'}>
            <span role="img" aria-label={holds ? 'true' : 'not true'}>
              {holds ? '✓' : '✗'}
            </span>{' '}
            {says}
          </li>
        ))}
      </ul>
      {finding.exit !== undefined &&
        (shown.value === undefined ? (
          <button
            type="button"
            class="link"
            onClick={() => {
              shown.value = finding.exit;
            }}
          >
            The exit in full
          </button>
        ) : (
          <OpenedExit tab={tab} number={shown} />
        ))}
    </li>
  );
}
