// Small things that all parts use.

export const $ = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`), and children. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) {
      element.addEventListener(key.slice(2), value);
    } else if (key in element && key !== 'list') {
      element[key] = value;
    } else if (value !== false && value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** A line that appears for a while. */
export function toast(text) {
  const line = $('toast');
  line.textContent = text;
  line.classList.add('shown');
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => line.classList.remove('shown'), 2600);
}

/** Copies a text and says so on the button. */
export function copies(button, text) {
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
}

/** Calls `work` when nothing came for `wait` milliseconds. */
export function debounced(work, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}
