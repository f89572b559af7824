// Microphone and camera buttons (in the lobby and in the call), the side panels, and the keys for them.

import { $, setIcon } from './dom.js';

// Keeps two buttons in step with the devices.
export function bindDevices(media, micButton, cameraButton) {
  const bind = (button, kind, words, key, isOn, set) => {
    const update = () => {
      const on = isOn() || media.opening;
      button.disabled = media.opening;
      setIcon(button, on ? kind : `${kind}-off`);
      button.classList.toggle('off', !on);
      button.setAttribute('aria-label', on ? words.off : words.on);
      button.title = `${on ? words.off : words.on} (${key})`;
    };
    button.onclick = async () => {
      button.disabled = true; // opening a camera can take a second
      await set(!isOn());
      button.disabled = false;
      button.focus({ preventScroll: true });
    };
    media.addEventListener('change', update);
    update();
  };
  bind(micButton, 'mic', { on: 'Unmute microphone', off: 'Mute microphone' }, 'M', () => media.mic, (on) => media.setMic(on));
  bind(cameraButton, 'camera', { on: 'Turn camera on', off: 'Turn camera off' }, 'V', () => media.camera, (on) => media.setCamera(on));
}

// A button that asks for a file to play in the place of the devices.
export function bindFile(media, button) {
  const input = document.createElement('input');
  Object.assign(input, { type: 'file', accept: 'video/*,audio/*', hidden: true, ariaLabel: 'A file to play as your camera' });
  input.onchange = async () => {
    const [file] = input.files;
    if (!file) return;
    button.disabled = true;
    await media.setFile(file);
    button.disabled = false;
    input.value = ''; // the same file may be chosen again
  };
  button.onclick = () => input.click();
  button.after(input);
}

// One panel is open at a time. onOpen(name) is told.
export class Panels {
  #names = ['chat', 'details'];
  #onOpen;
  open = '';

  constructor({ onOpen }) {
    this.#onOpen = onOpen;
    for (const name of this.#names) {
      $(name).onclick = () => this.toggle(name);
      $(`${name}-panel`).querySelector('.close').onclick = () => { this.show(''); $(name).focus(); };
      $(`${name}-panel`).onkeydown = (event) => {
        if (event.key === 'Escape') { this.show(''); $(name).focus(); }
      };
    }
    this.show('');
  }

  toggle(name) { this.show(this.open === name ? '' : name); }

  show(open) {
    this.open = open;
    for (const name of this.#names) {
      $(`${name}-panel`).hidden = name !== open;
      $(name).setAttribute('aria-expanded', String(name === open));
    }
    if (open) this.#onOpen(open);
  }
}

const KEYS = { m: 'mic', v: 'camera', c: 'chat', d: 'details' };

// Single keys press the buttons of the call, except while the person types or holds a modifier.
export function bindKeys() {
  document.addEventListener('keydown', (event) => {
    if ($('call').hidden || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.closest?.('input, textarea')) return;
    const button = KEYS[event.key.toLowerCase()];
    if (!button) return;
    event.preventDefault();
    $(button).click();
  });
}
