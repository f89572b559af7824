// The start page and the lobby: a name, a room, a look into the mirror.

import { $, play, show } from './dom.js';
import { bindDevices, bindFile } from './controls.js';

const WORDS = [
  ['amber', 'blue', 'brave', 'calm', 'clear', 'coral', 'dawn', 'early', 'gentle', 'green', 'high', 'quiet', 'silver', 'still', 'swift', 'warm'],
  ['bay', 'cape', 'cove', 'delta', 'dune', 'fjord', 'harbour', 'island', 'lagoon', 'pier', 'reef', 'shore', 'sound', 'strait', 'tide', 'wave'],
];
const ROOM = /^[A-Za-z0-9_-]{1,64}$/; // docs/signaling.md §1
const kNameKey = 'tidewire.name';

export const isRoomName = (text) => ROOM.test(text);

// Easy to say, hard to guess: two words and 40 random bits.
export function randomRoom() {
  const random = crypto.getRandomValues(new Uint8Array(7));
  const tail = Array.from(random.slice(2), (b) => b.toString(16).padStart(2, '0')).join('');
  return `${WORDS[0][random[0] % 16]}-${WORDS[1][random[1] % 16]}-${tail}`;
}

export function rememberedName() {
  try { return localStorage.getItem(kNameKey) ?? ''; } catch { return ''; } // storage may be forbidden
}

export function rememberName(name) {
  try { localStorage.setItem(kNameKey, name); } catch { /* then it is asked again */ }
}

// "Blue Fox!" is surely meant as "Blue-Fox"; a pasted link means its room.
function toRoom(text) {
  const link = /\/r\/([A-Za-z0-9_-]+)/.exec(text);
  return (link ? link[1] : text.trim().replace(/\s+/g, '-')).slice(0, 64);
}

export function showStart() {
  document.title = 'Tidewire';
  show('start');
  $('start-name').value = rememberedName();
  $('start-room').value = randomRoom();
  $('start-dice').onclick = () => { $('start-room').value = randomRoom(); say(''); };
  $('start-room').oninput = () => say('');
  $('start-form').onsubmit = (event) => {
    event.preventDefault();
    const room = toRoom($('start-room').value);
    if (!isRoomName(room)) {
      say(room ? 'A room name may hold only letters, digits, “-” and “_”.' : 'Give the room a name.');
      $('start-room').focus();
      return;
    }
    rememberName($('start-name').value.trim());
    location.assign(`/r/${room}`);
  };
  $(rememberedName() ? 'start-room' : 'start-name').focus();
}

function say(wrong) {
  $('start-hint').textContent = wrong || 'Letters, digits, “-” and “_”.';
  $('start-hint').classList.toggle('wrong', Boolean(wrong));
  $('start-room').setAttribute('aria-invalid', String(Boolean(wrong)));
}

// Resolves to the name when the person presses "Join".
export function showLobby({ room, media }) {
  document.title = `${room} · Tidewire`;
  show('lobby');
  $('lobby-room').textContent = room;
  $('lobby-name').value = rememberedName();
  bindDevices(media, $('lobby-mic'), $('lobby-camera'));
  bindFile(media, $('lobby-file'));
  const video = $('lobby-video');
  const update = () => {
    const track = media.video;
    $('lobby-no-video').hidden = Boolean(track);
    $('lobby-no-video').textContent = media.opening ? 'Opening your camera…' : 'Your camera is off';
    $('lobby-problems').textContent = problems(media);
    if (video.srcObject?.getTracks()[0] === track) return;
    video.classList.toggle('mirrored', !media.file); // a film is not a mirror
    video.srcObject = track ? new MediaStream([track]) : null;
    if (track) play(video);
  };
  media.addEventListener('change', update);
  update();
  $('lobby-name').focus();
  return new Promise((resolve) => {
    $('lobby-form').onsubmit = (event) => {
      event.preventDefault();
      media.removeEventListener('change', update);
      video.srcObject = null;
      const name = $('lobby-name').value.trim();
      rememberName(name);
      resolve(name);
    };
  });
}

// What is missing and what follows from it.
export function problems(media) {
  const list = [media.problems.audio, media.problems.video].filter(Boolean);
  if (list.length === 0) return '';
  const without = !media.audio && !media.video ? 'You can still join: you will see and hear the others.' : '';
  return [...list, without].filter(Boolean).join('\n');
}
