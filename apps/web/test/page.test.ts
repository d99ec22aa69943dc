import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  expectScreen,
  openPage,
  openSite,
  type Site,
  screenText,
  type,
  until,
  untilPrompt,
} from './support/browser.ts';

const kernel = readFileSync(new URL('../../../guests/built/kernel.elf', import.meta.url));
const disk = readFileSync(new URL('../../../guests/built/disk.img', import.meta.url));

let site: Site;
let page: Page;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());
afterEach(async () => {
  await page?.close();
  expect(site.complaints.splice(0)).toEqual([]);
});

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const notices = () => page.locator('.notices p').allInnerTexts();
const state = () => page.locator('.state').textContent();
const openPanel = (name: string) =>
  page.getByRole('toolbar').getByRole('button', { name, exact: true }).click();

/** Drops files on the page. */
async function drop(files: Readonly<Record<string, Buffer>>): Promise<void> {
  const transfer = await page.evaluateHandle(
    (given) => {
      const data = new DataTransfer();
      for (const [name, content] of given) data.items.add(new File([Uint8Array.from(content)], name));
      return data;
    },
    Object.entries(files).map(([name, bytes]) => [name, [...bytes]] as const),
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

describe('the machine in a tab', () => {
  it('boots the built-in guest under any path, takes typing and UTF-8, and runs offline afterwards', async () => {
    page = await openPage(site);
    await type(page, 'echo grüße 漢\n');
    await expectScreen(page, (shown) => /^grüße 漢/m.test(shown));
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.context().setOffline(true);
    await page.reload();
    await untilPrompt(page);
    await page.context().setOffline(false);
  });

  it('is what its link says, and names what the link says in vain', async () => {
    page = await openPage(site, '#harts=2&m=64&speed=fast');
    await until(page, 'perch is up: 2 harts');
    await until(page, 'perch: 64 MiB');
    await expect.poll(notices).toEqual(['The link says speed=fast, which means nothing here: left out.\n×']);
    expect(new URL(page.url()).hash).toBe('#m=64&harts=2');
  });

  it('pauses, steps, resumes, resets and boots what the form says', async () => {
    page = await openPage(site);
    await button('Pause').click();
    await expect.poll(state).toBe('paused');
    await type(page, 'echo later\n');
    await button('Step').click();
    expect(await screenText(page)).not.toContain('later');
    await button('Resume').click();
    await expectScreen(page, (shown) => /^later/m.test(shown));
    await button('Reset').click();
    await expectScreen(page, (shown) => !shown.includes('later') && /^\$$/m.test(shown));
    await openPanel('Machine');
    await page.getByLabel('Memory, MiB').fill('48');
    await page.getByLabel('Monitor').selectOption('none');
    await button('Boot').click();
    await until(page, 'perch: 48 MiB');
    expect(new URL(page.url()).hash).toBe('#m=48&monitor=none');
  });

  it('keeps a disk over a reload and over a worker that was killed, exports and discards it', async () => {
    page = await openPage(site, '#machine=7');
    await type(page, 'echo kept > /note; sync; echo written\n');
    await expectScreen(page, (shown) => /^written/m.test(shown));
    await page.reload();
    await untilPrompt(page);
    await type(page, 'cat /note; echo more > /other; sync; echo again\n');
    await expectScreen(page, (shown) => /^kept\nagain/m.test(shown));
    // A worker that ends says nothing: the page has to notice by its silence.
    await page.workers()[0]!.evaluate(() => self.close());
    await button('Start it again').click({ timeout: 40_000 });
    await untilPrompt(page);
    await type(page, 'cat /note /other\n');
    await expectScreen(page, (shown) => /^kept\nmore/m.test(shown));
    await openPanel('Machine');
    await page.getByText('were changed by the guest').waitFor();
    const download = page.waitForEvent('download');
    await button('Export the disk').click();
    const bytes = readFileSync(await (await download).path());
    expect(bytes.length).toBe(disk.length);
    expect(bytes.includes('more')).toBe(true);
    await button('Discard changes and reset').click();
    await page.getByText('0 KiB of it').waitFor();
    await untilPrompt(page);
    await type(page, 'ls /\n');
    await expectScreen(page, (shown) => shown.includes('motd'));
    expect(await screenText(page)).not.toContain('note');
  });

  it('says in place that storage is full, goes on without, and keeps disks again when there is room', async () => {
    page = await site.context.newPage();
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(site.address);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await page.goto(`${site.address}#machine=8`);
    await untilPrompt(page);
    expect(await notices()).toEqual([
      'The browser’s storage is full. What the guest writes to perch.img is lost when this page goes.\n×',
    ]);
    await type(page, 'echo here > /note; sync; cat /note\n');
    await expectScreen(page, (shown) => /^here/m.test(shown));
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await page.reload();
    await untilPrompt(page);
    expect(await notices()).toEqual([]);
  });

  it('takes dropped and chosen files: good, truncated and foreign ones', async () => {
    page = await openPage(site);
    await openPanel('Machine');
    const choose = page.getByLabel('Choose files');
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
    await choose.setInputFiles([file('kernel', kernel.subarray(0, 3000))]);
    await expect
      .poll(notices)
      .toEqual([expect.stringMatching(/^kernel is truncated: .* Build or copy the file again\.$/)]);
    const foreign = Buffer.from(kernel);
    foreign.writeUInt16LE(62, 18);
    await choose.setInputFiles([file('kernel', foreign)]);
    await expect.poll(notices).toEqual([expect.stringContaining('kernel is an ELF file for x86-64')]);
    await choose.setInputFiles([file('notes.txt', Buffer.from('hello'))]);
    await expect.poll(notices).toContainEqual(expect.stringContaining('notes.txt is not a kernel'));
    await drop({ kernel, 'fs.img': disk });
    await untilPrompt(page);
    expect(page.url()).toMatch(/#kernel=kernel-[0-9a-f]{64}&disk=fs\.img-[0-9a-f]{64}$/);
    await page.reload();
    await untilPrompt(page);
  });

  it('says which file a link wants that this browser does not have', async () => {
    page = await site.context.newPage();
    await page.goto(`${site.address}#kernel=vmlinux-${'0'.repeat(64)}`);
    await expect.poll(notices).toEqual(['vmlinux is not in this browser: drop the file on the page.']);
  });

  it('several machines are in the link, with nonsense of one said there, and come back from it', async () => {
    page = await openPage(site, '#;m=48&machine=2&shown&colour=blue');
    await until(page, 'perch: 48 MiB');
    await expect.poll(notices).toEqual(['The link says colour=blue, which means nothing here: left out.\n×']);
    expect(new URL(page.url()).hash).toBe('#;m=48&machine=2&shown');
    const tabs = page.getByRole('navigation', { name: 'Machines' }).getByRole('button', { name: /perch$/ });
    expect(await tabs.count()).toBe(2);
    await tabs.first().click();
    await untilPrompt(page);
    await until(page, 'perch: 128 MiB');
    expect(await notices()).toEqual([]);
    expect(new URL(page.url()).hash).toBe('#;m=48&machine=2');
    await page.evaluate(() => {
      location.hash = '#;m=64&machine=3';
    });
    await tabs.last().click();
    await until(page, 'perch: 64 MiB');
    expect(await tabs.allInnerTexts()).toEqual(['1 perch', '3 perch']);
  });

  it('runs two machines apart; the hidden one stands still', async () => {
    page = await openPage(site);
    await type(page, 'echo first > /mine; primes 100000000\n');
    await button('New machine').click();
    await untilPrompt(page);
    await type(page, 'ls /\n');
    await expectScreen(page, (shown) => shown.includes('motd'));
    expect(await screenText(page)).not.toContain('mine');
    const tabs = page.getByRole('navigation', { name: 'Machines' });
    const figures = () => page.locator('.rate').textContent();
    await tabs.getByRole('button', { name: '1 perch' }).click();
    await expectScreen(page, (shown) => shown.includes('echo first'));
    await expect.poll(state).toBe('running');
    await expect
      .poll(async () => Number.parseFloat(((await figures()) ?? '').split(', ')[1]!))
      .toBeGreaterThan(0);
    await tabs.getByRole('button', { name: '2 perch' }).click();
    await expectScreen(page, (shown) => shown.includes('motd'));
    await button('Close machine 1').click();
    expect(await tabs.getByRole('button', { name: /perch$/ }).count()).toBe(1);
  });
});

/** A guest whose lines are known: it counts, says so, and starts again. */
function buildWithLines(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-lines-'));
  // Its data has a page of its own: stores to a page of code drop that code.
  const source = `volatile int n __attribute__((aligned(4096)));
static void report(const char *text) {
  while (*text) *(volatile char *)0x10000000 = *text++;
}
void run(void) {
  for (;;) {
    for (int i = 0; i < 100000; i++) n += i;
    report("counted\\n");
  }
}
__asm__(".globl _start\\n_start: lla sp, n + 4096\\n andi sp, sp, -16\\n j run");
`;
  writeFileSync(join(folder, 'count.c'), source);
  const flags =
    '-g -O1 -fno-inline -nostdlib -static -mcmodel=medany -Wl,-N,-Ttext=0x80000000,--build-id=none,-z,noexecstack';
  execFileSync('riscv64-linux-gnu-gcc', [...flags.split(' '), '-o', 'counting', 'count.c'], {
    cwd: folder,
    stdio: 'pipe',
  });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'counting');
}

describe('the trap explorer', () => {
  it('shows exits, explains one, and stops the machine at a match', async () => {
    page = await openPage(site);
    await openPanel('Explorer');
    await type(page, 'echo x\n');
    const rows = page.locator('.stream tbody tr');
    await rows.filter({ hasText: 'mmio' }).first().waitFor();
    await page.getByLabel('CSR').fill('sepc');
    await page.getByLabel('Stop at a match').check();
    await type(page, '\n');
    await expect.poll(state).toBe('stopped at a trap');
    const row = rows.filter({ hasText: 'sepc' }).first();
    await row.waitFor();
    // Held, so that the row under the pointer is the one that was found.
    await page.getByLabel('Follow').uncheck();
    await row.getByRole('button').click();
    const opened = page.getByRole('article', { name: 'One exit' });
    await opened.getByText('CSR Address Mapping Conventions').waitFor();
    const told = await opened.textContent();
    expect(told).toMatch(/“csr[rw]+ .*sepc.*” at 0x[0-9a-f]+ \(.+\) trapped because bits 9:8/);
    expect(told).toContain('The guest believes it is in S-mode; the hart runs it in U-mode.');
    await page.getByLabel('Stop at a match').uncheck();
    await button('Resume').click();
    await expect.poll(state).toBe('running');
  });

  it('records a guest that is dropped on the page from its first instruction', async () => {
    page = await openPage(site);
    await openPanel('Explorer');
    await drop({ kernel, 'fs.img': disk });
    await page.waitForURL(/kernel=kernel-/);
    await untilPrompt(page);
    // The guest's second instruction, and nobody asks again.
    await page.getByLabel('CSR').fill('mhartid');
    await page.locator('.stream tbody tr').filter({ hasText: 'mhartid' }).first().waitFor();
  });

  it('names source lines of a guest built with debug information, and what the translator made of it', async () => {
    page = await openPage(site, '#engine=translator');
    await openPanel('Machine');
    await page.getByLabel('Choose files').setInputFiles(buildWithLines());
    await until(page, 'counted');
    await openPanel('Explorer');
    const rows = page.locator('.stream tbody tr');
    const row = rows.filter({ hasText: 'report+' }).filter({ hasText: 'count.c:3' }).first();
    await row.waitFor();
    await page.getByLabel('Follow').uncheck();
    await row.getByRole('button').click();
    await page.getByText(/^“sb .*” at 0x8[0-9a-f]+ \(report\+0x[0-9a-f]+, count\.c:3\) trapped/).waitFor();
    await page.getByRole('tab', { name: 'Two worlds' }).click();
    await page.getByText('Code cache, TLBs and shadow tables').click();
    const figure = (name: string) => page.getByRole('row', { name }).locator('td');
    await expect.poll(() => figure('translated regions').textContent()).toMatch(/^[1-9]\d* in use/);
    expect(await figure('engine').textContent()).toBe('translator');
    expect(await figure('pages of decoded code').textContent()).toBe('1');
  });

  it('shows both worlds: CSRs, trees that open, and an address walked to the host page', async () => {
    page = await openPage(site);
    await button('Pause').click();
    await openPanel('Explorer');
    await page.getByRole('tab', { name: 'Two worlds' }).click();
    const guest = page.getByRole('region', { name: 'Page table: The guest believes' });
    await guest.getByRole('button', { name: /2: 0x80000000/ }).click();
    await guest.getByRole('button', { name: /0: 0x80000000/ }).click();
    await page.getByPlaceholder('0x… or a symbol').fill('kernel_start');
    const verdict = page.locator('.verdict');
    await expect
      .poll(() => verdict.textContent())
      .toMatch(/^Guest-physical 0x8[0-9a-f]+ lies at host-physical 0x1[0-9a-f]{10}/);
    await page.getByPlaceholder('0x… or a symbol').fill('0x10000000');
    await expect.poll(() => verdict.textContent()).toContain('is the uart');
    const satp = page.locator('.csrs tr', { has: page.getByRole('button', { name: 'satp', exact: true }) });
    const [believed, real] = await satp.locator('code').allInnerTexts();
    expect(believed).toMatch(/^0x8/);
    expect(real).not.toBe(believed);
    await satp.getByRole('button').click();
    await page.getByRole('rowheader', { name: '.MODE' }).first().waitFor();
  });

  it('shows modes over time, zooms, and rates by kind', async () => {
    page = await openPage(site);
    await openPanel('Explorer');
    await page.getByRole('tab', { name: 'Modes' }).click();
    await type(page, 'primes 2000\n');
    const strip = page.getByRole('img', { name: /^Modes of the guest/ });
    await expect.poll(() => strip.getAttribute('aria-label')).toMatch(/U [1-9][0-9.]* %; [1-9]\d* exits/);
    const end = page.locator('.strip figcaption span').last();
    await button('Pause').click();
    await page.waitForTimeout(600);
    const [before, whole] = [await strip.getAttribute('aria-label'), await end.textContent()];
    await button('Zoom in').click();
    await button('Zoom in').click();
    await expect.poll(() => end.textContent()).not.toBe(whole);
    expect(await strip.getAttribute('aria-label')).not.toBe(before);
    const rates = page.getByRole('table', { name: 'Exits by kind' });
    await rates.getByRole('rowheader', { name: 'ecall' }).waitFor();
  });
});

it('all lessons: every claim is borne out on the page', async () => {
  page = await openPage(site);
  await openPanel('Lessons');
  await button('The guest kernel is in user mode').click();
  for (let lesson = 1; lesson <= 6; lesson++) {
    const next = page.locator('.lesson .next button');
    await page.getByRole('heading', { name: new RegExp(`^${lesson}\\.`) }).waitFor();
    for (let done = 1; (await next.count()) > 0; done++) {
      await next.click();
      await page
        .locator('.done > li')
        .nth(done - 1)
        .waitFor();
    }
    expect(await page.locator('.claims .fails').allInnerTexts()).toEqual([]);
    expect(await page.locator('.claims .holds').count()).toBeGreaterThan(3);
    if (lesson < 6) await button(/^Next: /).click();
  }
});

describe('for everybody', () => {
  const violations = async () => {
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(options: object): Promise<{ violations: object[] }> };
      };
      return (await axe.run({ resultTypes: ['violations'] })).violations as {
        id: string;
        nodes: { html: string; failureSummary: string }[];
      }[];
    });
    return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  };

  it.each(['light', 'dark'] as const)('axe finds nothing wrong in any panel, %s', async (colorScheme) => {
    page = await openPage(site);
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe.source);
    expect(await violations()).toEqual([]);
    for (const panel of ['Machine', 'Lessons', 'Explorer']) {
      await openPanel(panel);
      if (panel === 'Explorer') {
        await type(page, 'ls\n');
        await page.getByLabel('CSR').fill('satp');
      }
      await page.waitForTimeout(300);
      expect(await violations()).toEqual([]);
    }
    await page.locator('.stream tbody button').first().click();
    await page.getByRole('article', { name: 'One exit' }).waitFor();
    expect(await violations()).toEqual([]);
    for (const view of ['Two worlds', 'Modes']) {
      await page.getByRole('tab', { name: view }).click();
      await page.waitForTimeout(300);
      expect(await violations()).toEqual([]);
    }
  });

  it.each([360, 768, 1440])('at %d pixels nothing runs out of the window', async (width) => {
    page = await openPage(site);
    await page.setViewportSize({ width, height: 720 });
    const expectToFit = async () => {
      const sizes = await page.evaluate(() => {
        const panel = document.querySelector('.panel')!;
        return {
          wide: document.documentElement.scrollWidth - innerWidth,
          high: document.documentElement.scrollHeight - innerHeight,
          panel: [...panel.querySelectorAll('*')]
            .filter(
              (e) =>
                !e.closest('.scroll, .unseen') &&
                e.getBoundingClientRect().right > panel.getBoundingClientRect().right,
            )
            .map((e) => e.outerHTML.slice(0, 120)),
          terminal: document.querySelector('.console')!.getBoundingClientRect().height > 100,
        };
      });
      expect(sizes).toEqual({ wide: 0, high: 0, panel: [], terminal: true });
    };
    for (const panel of ['Lessons', 'Machine', 'Explorer']) {
      await openPanel(panel);
      await expectToFit();
    }
    await type(page, 'ls\n');
    await page.locator('.stream tbody button').first().click();
    await page.getByRole('article', { name: 'One exit' }).waitFor();
    await expectToFit();
    for (const view of ['Modes', 'Two worlds']) {
      await page.getByRole('tab', { name: view }).click();
      await page.locator('.rates, .csrs').waitFor();
      await expectToFit();
    }
  });
});
