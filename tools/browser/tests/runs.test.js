import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { browse, missing, serve, start } from '../ravine.js';

describe('comparisons', { skip: missing }, () => {
  let server;
  let browser;
  before(async () => {
    server = await serve();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('a comparison is followed from its start to its report', async () => {
    const { page, faults, context } = await browser.open(`${server.url}#runs`);
    await page.waitForSelector('.nothing');
    const words = ['compare', '-w', 'iris-softmax', '--optimizers', 'sgd,adam', '--schedules', 'constant,cosine', '--seeds', '40', '--budget', '5', '--epochs', '6000', '--quiet'];
    const running = start(words, { cwd: server.folder, stdio: 'ignore' });
    const ended = new Promise((done) => running.once('exit', done));
    await page.waitForSelector('.item .state.running');
    await page.waitForFunction(() => document.querySelectorAll('#run tbody tr').length === 4);
    const done = () => page.evaluate(() => Number(document.querySelector('.run-head [role=progressbar]').getAttribute('aria-valuenow')));
    const first = await done();
    await page.waitForFunction((first) => Number(document.querySelector('.run-head [role=progressbar]').getAttribute('aria-valuenow')) > first, first);
    assert.equal(await ended, 0);
    await page.waitForSelector('.run-head .state.finished');
    await page.waitForSelector('.claims li');
    assert.equal(await done(), 100);
    assert.match(await page.textContent('.claims li'), /iris-softmax/);

    const [report] = await Promise.all([context.waitForEvent('page'), page.click('.open-report')]);
    report.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await report.waitForSelector('.scripted .hero');
    assert.deepEqual(faults, []);
  });
});

describe('the way in', { skip: missing }, () => {
  let server;
  let browser;
  before(async () => {
    server = await serve();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('without the token the page says what to do', async () => {
    const { page } = await browser.open(server.origin);
    await page.waitForSelector('#closed:not([hidden])');
    assert.match(await page.textContent('#closed'), /ravine serve/);
    assert.ok(await page.isHidden('#playground'));
  });

  test('another page cannot ask, and a foreign name does not answer', async () => {
    const headers = { Authorization: `Bearer ${server.token}` };
    const asked = (path, options = {}) => fetch(server.origin + path, { ...options, headers: { ...headers, ...options.headers } });
    assert.equal((await asked('/api/catalogue')).status, 200);
    assert.equal((await asked('/api/catalogue', { headers: { Origin: 'https://evil.example' } })).status, 403);
    const body = JSON.stringify({ objective: 'x+'.repeat(50_000) });
    assert.equal((await asked('/api/landscape', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status, 413);
    const { request } = await import('node:http');
    const status = await new Promise((done) => {
      request(server.origin, { headers: { Host: 'evil.example' } }, (response) => done(response.statusCode)).end();
    });
    assert.equal(status, 421);
  });
});
