import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';

const root = join(import.meta.dirname, '..', '..');
/** The page is served under a path of some depth: it must work under any. */
const base = '/some/where/';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The built page on loopback, and a browser with an empty profile. */
export interface Site {
  readonly address: string;
  readonly context: BrowserContext;
  /** What any page of the browser complained about on its console. */
  readonly complaints: string[];
  /** Stops serving, as if the network were gone. */
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

/** Builds the page into a folder of its own, serves it and starts the browser. */
export async function openSite(): Promise<Site> {
  const outDir = mkdtempSync(join(tmpdir(), 'trapline-page-'));
  const profile = mkdtempSync(join(tmpdir(), 'trapline-profile-'));
  await buildPage(outDir);
  const server = await serveFolder(outDir);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: flags,
    chromiumSandbox: false,
    viewport: { width: 1280, height: 800 },
  });
  const complaints: string[] = [];
  const watch = (page: Page) => {
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  };
  context.pages().forEach(watch);
  context.on('page', watch);
  return {
    address: `http://127.0.0.1:${portOf(server)}${base}`,
    context,
    complaints,
    stopServing: () => server.close(),
    close: async () => {
      await context.close();
      await server.close();
      for (const folder of [outDir, profile]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Builds what visitors get: the test runner's own environment would make a page for testing. */
async function buildPage(outDir: string): Promise<void> {
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  await build({ root, logLevel: 'error', build: { outDir } });
  process.env.NODE_ENV = environment;
}

const serveFolder = (outDir: string): Promise<PreviewServer> =>
  preview({ root, base, logLevel: 'error', build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });

function portOf(server: PreviewServer): number {
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** What the terminal of the machine looked at shows. */
export const screenText = (page: Page): Promise<string> =>
  page
    .locator('.console .xterm-rows')
    .evaluate((rows) =>
      [...rows.children].map((row) => (row.textContent ?? '').replaceAll('\u00a0', ' ').trimEnd()).join('\n'),
    );

/** Waits until the terminal shows the text. */
export const until = (page: Page, text: string, timeoutMs?: number): Promise<void> =>
  expectScreen(page, (shown) => shown.includes(text), timeoutMs);

/** Types at the guest's console. */
export async function type(page: Page, text: string): Promise<void> {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type(text);
}

/** Opens the page and waits for the built-in guest's prompt. */
export async function openPage({ context, address }: Site, link = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address + link);
  await untilPrompt(page);
  return page;
}

/** Waits until the built-in guest's shell asks for a command. */
export async function untilPrompt(page: Page): Promise<void> {
  await until(page, 'perch is up');
  await expectScreen(page, (shown) => /^\$$/m.test(shown));
}

/** Waits until the screen is as wanted. */
export async function expectScreen(
  page: Page,
  wanted: (shown: string) => boolean,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const shown = await screenText(page);
    if (wanted(shown)) return;
    if (performance.now() > deadline) throw new Error(`the screen shows:\n${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
