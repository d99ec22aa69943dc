import { type Located, mistake } from './error.ts';

/** One statement: labels, then an instruction, a directive or `name = value`. */
export interface Statement {
  readonly labels: readonly Located[];
  readonly mnemonic: Located | undefined;
  readonly operands: readonly Located[];
}

/** Strings and character constants are read whole, so that nothing in them ends a statement or an operand. */
const quoted = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'/y;
const quotedOrComment = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** Blanks comments, keeping every other character where it is. */
const withoutComments = (source: string): string =>
  source.replace(quotedOrComment, (text) => (/^["']/.test(text) ? text : text.replace(/[^\n]/g, ' ')));

function quotedAt(text: string, at: number): string | undefined {
  quoted.lastIndex = at;
  return quoted.exec(text)?.[0];
}

/** Splits at separators outside quotes and parentheses. */
function split(whole: Located, separator: string): Located[] {
  const pieces: Located[] = [];
  let start = 0;
  let depth = 0;
  let i = 0;
  const cut = (): void => {
    pieces.push(trim({ ...whole, text: whole.text.slice(start, i), column: whole.column + start }));
  };
  while (i < whole.text.length) {
    const character = whole.text[i];
    const string = character === '"' || character === "'" ? quotedAt(whole.text, i) : undefined;
    if (string !== undefined) {
      i += string.length;
      continue;
    }
    if (character === '"') mistake('this string does not end', whole, i);
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === separator && depth <= 0) {
      cut();
      start = i + 1;
    }
    i++;
  }
  cut();
  return pieces;
}

function trim(piece: Located): Located {
  const lead = piece.text.length - piece.text.trimStart().length;
  return { ...piece, text: piece.text.trim(), column: piece.column + lead };
}

/** The rest of `piece` after its first `length` characters. */
const after = (piece: Located, length: number): Located =>
  trim({ ...piece, text: piece.text.slice(length), column: piece.column + length });

function toStatement(piece: Located): Statement {
  const labels: Located[] = [];
  let rest = piece;
  for (;;) {
    const label = /^([\w.$]+)\s*:/.exec(rest.text);
    if (!label) break;
    labels.push({ ...rest, text: label[1]! });
    rest = after(rest, label[0].length);
  }
  const assignment = /^([\w.$]+)\s*=(?!=)/.exec(rest.text);
  if (assignment) {
    const value = after(rest, assignment[0].length);
    return {
      labels,
      mnemonic: { ...rest, text: '.set' },
      operands: [{ ...rest, text: assignment[1]! }, value],
    };
  }
  const word = /^\S+/.exec(rest.text)?.[0];
  if (word === undefined) return { labels, mnemonic: undefined, operands: [] };
  const operands = after(rest, word.length);
  return {
    labels,
    mnemonic: { ...rest, text: word },
    operands: operands.text === '' ? [] : split(operands, ','),
  };
}

/** Reads source text into statements. Lines and `;` separate them; `#`, `//` and C comments are skipped. */
export function statements(source: string): Statement[] {
  return withoutComments(source)
    .split('\n')
    .flatMap((text, i) => split({ text: text.replace('\r', ''), line: i + 1, column: 1 }, ';'))
    .map(toStatement)
    .filter(({ labels, mnemonic }) => labels.length > 0 || mnemonic !== undefined);
}
