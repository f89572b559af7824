// The chat panel: messages to and from everyone in the room.

import { $, el } from './dom.js';

const kKept = 500; // messages that stay in the page

export class Chat {
  #log = $('chat-log');
  #unread = 0;

  #send;

  // `send(text)` returns how many people it went to.
  constructor({ send, isOpen }) {
    this.#send = send;
    this.isOpen = isOpen;
    this.#log.replaceChildren();
    this.seen();
    $('chat-form').onsubmit = (event) => {
      event.preventDefault();
      const text = $('chat-input').value.trim();
      if (text && this.say(text) > 0) $('chat-input').value = '';
    };
  }

  // Sends, and shows what was sent.
  say(text) {
    const count = this.#send(text);
    if (count === 0) this.note('Nobody is connected yet, so the message was not sent.');
    else this.#add('You', text, 'mine');
    return count;
  }

  received(name, text) {
    this.#add(name, text, '');
    if (!this.isOpen()) this.#badge(this.#unread + 1);
  }

  // A line about the call: somebody came, somebody left.
  note(text) {
    this.#append(el('li', { class: 'message note' }, text));
  }

  seen() { this.#badge(0); }

  #badge(count) {
    this.#unread = count;
    $('unread').hidden = count === 0;
    $('unread').textContent = count > 99 ? '99+' : String(count);
    $('chat').setAttribute('aria-label', count ? `Chat, ${count} new` : 'Chat');
  }

  #add(from, text, classes) {
    this.#append(el('li', { class: `message ${classes}` }, el('p', { class: 'from' }, from), el('p', { class: 'body' }, text)));
  }

  #append(item) {
    // Follow the newest message unless the person scrolled up to read.
    const follow = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 80;
    this.#log.append(item);
    while (this.#log.children.length > kKept) this.#log.firstChild.remove();
    if (follow) this.#log.scrollTop = this.#log.scrollHeight;
  }
}
