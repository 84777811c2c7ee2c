// A server of the tests' own, a browser, and what both are watched for.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const here = import.meta.dirname;
const program = resolve(process.env.RAVINE_BIN ?? join(here, '../../target/release/ravine'));

/** Chromium under one of its names, if it is installed. */
function browserPath() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
}

/** Why the tests cannot run here, or false. */
export const missing = !browserPath()
  ? 'no Chromium on this machine'
  : !existsSync(program) ? `no program at ${program}: build it, or name it in RAVINE_BIN` : false;

/** The output of a command, read as JSON. */
export const ravine = (...words) => JSON.parse(execFileSync(program, words, { encoding: 'utf8' }));

export const start = (words, options) => spawn(program, words, options);

/** Runs `ravine serve` over a folder of its own until `stop`. */
export async function serve() {
  const folder = mkdtempSync(join(tmpdir(), 'ravine-browser-'));
  const server = spawn(program, ['serve', '--port=0', `--store=${join(folder, 'ravine-out/runs.sqlite')}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((found, failed) => {
    server.stdout.once('data', (data) => found(data.toString().trim()));
    server.once('exit', (code) => failed(new Error(`ravine serve ended with ${code}`)));
  });
  const stop = () => new Promise((stopped) => {
    server.once('exit', (code) => {
      rmSync(folder, { recursive: true, force: true });
      stopped(code);
    });
    server.kill('SIGINT');
  });
  return { url, origin: new URL(url).origin, token: new URL(url).searchParams.get('token'), folder, stop };
}

/** A browser; each page of it is watched for errors on the console and requests to other origins. */
export async function browse() {
  const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox', '--disable-gpu'] });
  const open = async (url, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    const { origin } = new URL(url);
    const faults = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      const asked = request.url();
      if (!asked.startsWith(origin) && !asked.startsWith('data:') && !asked.startsWith('blob:')) {
        faults.push(`asked for ${asked}`);
      }
    });
    await page.goto(url);
    return { page, faults, context };
  };
  return { open, close: () => browser.close() };
}

/** Waits until the command line of the page holds `text`: the server has answered for that set-up. */
export async function settled(page, text) {
  await page.waitForFunction((text) => document.getElementById('command').textContent.includes(text), text);
}
