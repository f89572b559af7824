// Small helpers for building the page. Text goes in as text (never as markup), so a name or message can hold anything.

export const $ = (id) => document.getElementById(id);

// el('p', {class: 'x', title: 'y'}, 'text', child…)
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children); // strings become text nodes
  return element;
}

// A clause as a sentence: the messages of the program begin small and have no full stop.
export function sentence(text) {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name, classes = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${classes}`);
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(button, name) {
  button.querySelector('use').setAttribute('href', `#i-${name}`);
}

// The screens of the page: one is shown at a time.
export function show(id) {
  for (const screen of document.querySelectorAll('.screen')) screen.hidden = screen.id !== id;
}

// play() is refused until the person touched the page; resolves to whether it plays.
export async function play(element) {
  try {
    await element.play();
    return true;
  } catch (error) {
    return error.name === 'AbortError'; // replaced by a newer stream: that one is played by its own call
  }
}
