import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { browse, missing, ravine, serve, settled } from '../ravine.js';

if (missing) {
  console.log(`skipped: ${missing}`);
}

describe('the playground', { skip: missing }, () => {
  let server;
  let browser;
  before(async () => {
    server = await serve();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    assert.equal(await server?.stop(), 0, 'Ctrl-C is a clean end');
  });

  const set = async (page, id, value) => {
    await page.fill(id, value);
    await page.press(id, 'Enter');
  };

  /** What `ravine trace` prints for the command line of the page, and what the page was answered last. */
  async function compared(page, act, holds) {
    let answer;
    page.on('response', async (response) => {
      if (response.url().endsWith('/api/trace') && response.ok()) {
        answer = await response.json().catch(() => answer);
      }
    });
    await act();
    await settled(page, holds);
    await page.waitForTimeout(300);
    const command = await page.textContent('#command');
    assert.equal(command, answer.command);
    const words = command.split(' ').slice(1).map((word) => word.replaceAll("'", ''));
    const printed = ravine(...words, '--format', 'json');
    assert.equal(printed.runs.length, answer.traces.length);
    printed.runs.forEach((run, i) => {
      for (const key of ['optimizer', 'points', 'losses', 'grad_norms', 'lrs', 'ending']) {
        assert.deepEqual(answer.traces[i][key], run[key], key);
      }
    });
    return answer;
  }

  test('a click sets the start, a slider moves the path, to the numbers of the command line', async () => {
    const { page, faults } = await browser.open(server.url);
    await settled(page, 'ravine trace ravine');
    assert.equal(new URL(page.url()).search, '', 'the token is out of sight');
    const box = await page.locator('#landscape').boundingBox();
    const first = await compared(page, () => page.mouse.click(box.x + box.width * 0.3, box.y + box.height * 0.25), '--start=');
    assert.notDeepEqual(first.traces[0].points[0], [-5, -2]);
    const rows = await page.locator('#results tbody tr').count();
    assert.equal(rows, 2);

    await page.click('#racers .racer:nth-child(2) .head');
    const slider = page.locator('#racers .racer:nth-child(2) .editor input[type=range]').nth(1);
    const second = await compared(page, async () => {
      await slider.focus();
      for (let i = 0; i < 5; i += 1) {
        await slider.press('ArrowRight');
      }
    }, 'momentum=0.50');
    assert.notDeepEqual(second.traces[1].points, first.traces[1].points);
    assert.deepEqual(second.traces[0].points, first.traces[0].points);

    await compared(page, () => set(page, '#field-noise', '0.3'), '--noise=0.3');
    await compared(page, async () => {
      await page.selectOption('#schedule', 'cosine');
    }, '--schedule=cosine');
    assert.deepEqual(faults, []);
  });

  test('every lesson runs, and its link restores it', async () => {
    const { page, faults } = await browser.open(server.url);
    await settled(page, 'ravine trace');
    const lessons = await page.locator('#lessons button').count();
    assert.ok(lessons >= 7);
    for (let i = 0; i < lessons; i += 1) {
      await page.locator('#lessons button').nth(i).click();
      await page.waitForFunction((i) => document.querySelectorAll('#lessons button')[i].getAttribute('aria-pressed') === 'true', i);
      await page.waitForTimeout(500);
      assert.ok(await page.isHidden('#trouble'), await page.textContent('#trouble'));
      const [command, hash] = [await page.textContent('#command'), new URL(page.url()).hash];
      assert.ok(!hash.includes(server.token));
      const other = await page.context().newPage();
      await other.goto(server.origin + '/' + hash);
      await other.waitForFunction((command) => document.getElementById('command').textContent === command, command);
      await other.close();
    }
    assert.deepEqual(faults, []);
  });

  test('a typed function is drawn, and a fault in it is shown at its place', async () => {
    const { page } = await browser.open(server.url);
    await settled(page, 'ravine trace');
    await page.fill('#expression', 'x^2 + cox(y)');
    await page.waitForSelector('#expression-error:not([hidden])');
    assert.match(await page.textContent('#expression-error'), /column 7.*did you mean 'cos'/s);
    assert.equal(await page.textContent('#expression-error mark'), 'c');
    await page.fill('#expression', 'x^2 + cos(y)');
    await settled(page, 'x^2 + cos(y)');
    assert.ok(await page.isHidden('#expression-error'));
    for (const text of ['x+'.repeat(50_000) + 'x', '('.repeat(10_000) + 'x' + ')'.repeat(10_000)]) {
      await page.fill('#expression', text);
      await page.waitForSelector('#expression-error:not([hidden])');
      await page.fill('#expression', 'x^2 + y^2');
      await page.waitForSelector('#expression-error', { state: 'hidden' });
    }
  });

  test('the keyboard alone is enough', async () => {
    const { page, faults } = await browser.open(server.url);
    await settled(page, 'ravine trace');
    const tabTo = async (id) => {
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((id) => document.activeElement.id === id, id)) {
          return;
        }
      }
      assert.fail(`the tab key does not reach ${id}`);
    };
    await tabTo('landscape');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowUp');
    await settled(page, '--start=');
    assert.match(await page.textContent('#where'), /^Start: x −\d.*, y −?\d/);
    await page.keyboard.press('+');
    await page.waitForFunction(() => location.hash.includes('view='));
    await page.keyboard.press('0');
    await page.waitForFunction(() => !location.hash.includes('view='));
    await tabTo('play');
    await tabTo('scrub');
    await page.keyboard.press('Home');
    assert.match(await page.textContent('#now'), /^0 \//);
    await tabTo('add');
    await page.keyboard.type('adamw');
    await page.keyboard.press('Enter');
    await settled(page, '--optimizer adamw');
    const outline = await page.evaluate(() => {
      document.querySelector('#nav-playground').focus();
      return getComputedStyle(document.activeElement).outlineStyle;
    });
    assert.ok(outline, 'what has the focus shows it');
    assert.deepEqual(faults, []);
  });

  test('the animation keeps pace with the screen', async () => {
    const { page } = await browser.open(server.url, { reducedMotion: 'no-preference' });
    await settled(page, 'ravine trace');
    // What each frame's work takes must leave most of a sixtieth of a second free.
    const worst = await page.evaluate(async () => {
      const works = [];
      const ask = window.requestAnimationFrame;
      window.requestAnimationFrame = (work) => ask((now) => {
        const begun = performance.now();
        work(now);
        works.push(performance.now() - begun);
      });
      document.querySelectorAll('#lessons button')[7].click();
      await new Promise((done) => setTimeout(done, 4000));
      works.sort((a, b) => a - b);
      return { frames: works.length, median: works[works.length >> 1], high: works[Math.floor(works.length * 0.95)] };
    });
    console.log(`frames ${worst.frames}, work of a frame: median ${worst.median.toFixed(2)} ms, 95 % below ${worst.high.toFixed(2)} ms`);
    assert.ok(worst.frames > 20);
  });

  for (const width of [360, 820, 1920]) {
    test(`nothing is wider than a window of ${width} pixels`, async () => {
      const { page, faults } = await browser.open(server.url, { viewport: { width, height: 740 } });
      await settled(page, 'ravine trace');
      await page.click('#racers .head >> nth=0');
      const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(await wider() <= 0, `${await wider()} pixels too wide`);
      await page.goto(`${server.origin}/#runs`);
      await page.waitForSelector('.nothing');
      assert.ok(await wider() <= 0);
      assert.deepEqual(faults, []);
    });
  }
});
