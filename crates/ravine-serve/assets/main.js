// The pages behind the tabs, the theme, and the way in.

import { Closed, get } from './api.js';
import { startTheme } from './theme.js';
import { startPlayground } from './playground.js';
import { startRuns } from './runs.js';
import { $, toast } from './dom.js';

startTheme();

function closed() {
  $('closed').hidden = false;
  $('playground').hidden = $('runs').hidden = true;
}

let pages;

function route() {
  const runs = /^#runs(?:\/(\d+))?$/.exec(location.hash);
  $('playground').hidden = Boolean(runs);
  $('runs').hidden = !runs;
  $('share').hidden = Boolean(runs);
  $('nav-playground').toggleAttribute('aria-current', !runs);
  $('nav-runs').toggleAttribute('aria-current', Boolean(runs));
  document.title = runs ? 'Runs – Ravine' : 'Ravine';
  if (runs) {
    pages.playground.hide();
    pages.runs.show(runs[1]);
  } else {
    pages.runs.hide();
    pages.playground.show(location.hash);
  }
}

// The way back leads to the race that was left.
for (const id of ['home', 'nav-playground']) {
  $(id).addEventListener('click', (event) => {
    event.preventDefault();
    location.hash = pages ? pages.playground.link() : '';
  });
}

$('share').addEventListener('click', async () => {
  const link = location.origin + '/' + pages.playground.link();
  try {
    await navigator.clipboard.writeText(link);
    toast('Link copied. It holds the whole set-up, and no key.');
  } catch {
    toast('The link is in the address bar.');
  }
});

try {
  const catalogue = await get('/api/catalogue');
  pages = { playground: startPlayground(catalogue), runs: startRuns() };
  addEventListener('hashchange', route);
  addEventListener('ravine-closed', closed);
  route();
} catch (error) {
  if (error instanceof Closed) {
    closed();
  } else {
    $('closed').hidden = false;
    $('closed').textContent = error.message;
  }
}
