// The page of `prpack play` for a presentation: plays one of its manifests with one of the players that are installed, and shows what
// happens. No key is ever shown.

import { LICENSE_PATH, observeKeys, requestKeys } from './observe.js';
import { startPlayer } from './players.js';
import {
  $,
  addShortcuts,
  aheadSeconds,
  clock,
  element,
  fail,
  log,
  notice,
  setState,
  showFacts,
  showKeys,
  systemRow,
  video,
  watchVideo,
} from './shared.js';

/** What the server says of the presentation. */
const data = await (await fetch('/data.json')).json();
/** What was chosen on the page before. */
const wished = new URLSearchParams(location.search);
const manifest = data.manifests.find(({ name }) => name === wished.get('manifest')) ?? data.manifests[0];
const fitting = data.players.filter(({ plays }) => plays.includes(manifest.kind));
const installed = fitting.filter(({ version }) => version);
const player = installed.find(({ name }) => name === wished.get('player')) ?? installed[0];

async function play() {
  if (!player) return noPlayer();
  video.hidden = false;
  $('shortcuts').hidden = false;
  watchVideo(showPlayback);
  observeKeys();
  const adapter = await startPlayer(player.name, video, {
    url: `/media/${encodeURIComponent(manifest.name)}`,
    kind: manifest.kind,
    scheme: manifest.scheme,
    kids: manifest.kids,
    keysOf: requestKeys,
    licenseUrl: new URL(LICENSE_PATH, location.href).href,
    onFault: (text, isFatal) => (isFatal ? fail(new Error(text)) : log('in', text)),
  });
  showTracks(adapter);
  setInterval(() => showTracks(adapter), 500);
}

function noPlayer() {
  setState('No player', 'bad');
  notice(
    `No player for ${manifest.name} is installed`,
    'Presentations need a player library. Install one in the folder in which prpack runs, and load this page again:',
    [`npm install ${fitting[0].name}`],
  );
}

// What can be chosen

function showChoices() {
  fill('manifest', data.manifests, ({ name }) => ({ label: name, isChosen: name === manifest.name }));
  fill('player', fitting, ({ name, version }) => ({
    label: version ? `${name} ${version}` : `${name} (npm install ${name})`,
    isChosen: name === player?.name,
    disabled: !version,
  }));
  $('choices').addEventListener('change', () => {
    location.search = new URLSearchParams({ manifest: $('manifest').value, player: $('player').value });
  });
}

function fill(id, list, optionOf) {
  $(id).replaceChildren(
    ...list.map((one) => {
      const { label, isChosen, disabled = false } = optionOf(one);
      const option = element('option', { value: one.name }, label);
      return Object.assign(option, { selected: isChosen, disabled });
    }),
  );
}

/** Lists of tracks, what each is called, and what the player does when none is chosen. */
const LISTS = [
  { kind: 'video', title: 'Video', none: 'automatic' },
  { kind: 'audio', title: 'Audio' },
  { kind: 'text', title: 'Subtitles', none: 'off' },
];

let shownTracks;

/** Drawn again when they have changed only, or the focus would be lost. */
function showTracks(adapter) {
  const lists = LISTS.map(({ kind, title, none }) => ({
    ...{ kind, title, none, choices: adapter[kind].list() },
    isAuto: adapter[kind].isAuto?.() ?? true,
  })).filter(({ choices }) => choices.length > 0);
  const state = JSON.stringify(lists);
  if (state === shownTracks) return;
  shownTracks = state;
  $('tracks').replaceChildren(...lists.map((list) => tracksRow(list, adapter)));
}

function tracksRow({ kind, title, none, choices, isAuto }, adapter) {
  const isNone = kind === 'video' ? isAuto : !choices.some(({ active }) => active);
  const buttons = choices.map(({ id, active, facts }) =>
    trackButton(
      [...new Set(facts.filter(Boolean))].join(' · '),
      { active, isPressed: active && !isNone },
      () => {
        adapter[kind].pick(id);
        showTracks(adapter);
      },
    ),
  );
  if (none) {
    const pick = () => {
      adapter[kind].pick();
      showTracks(adapter);
    };
    buttons.unshift(trackButton(none, { active: false, isPressed: isNone }, pick));
  }
  return element(
    'div',
    { class: 'row' },
    element('h3', {}, title),
    element('div', { class: 'tracks' }, ...buttons),
  );
}

function trackButton(text, { active, isPressed }, onClick) {
  const button = element(
    'button',
    { type: 'button', 'aria-pressed': `${isPressed}`, ...(active && { 'data-tone': 'good' }) },
    text,
  );
  button.addEventListener('click', onClick);
  return button;
}

// What is shown

function showPresentation() {
  document.title = `${data.name} · prpack play`;
  $('name').textContent = `${data.name} / ${manifest.name}`;
  $('keys-from').textContent =
    manifest.kids.length > 0 ? `from ${data.keysFrom}` : 'the manifest names no key';
  $('systems-from').textContent = `in ${manifest.name}`;
  const problem = manifest.problem && [
    element('p', { class: 'empty' }, `It cannot be read: ${manifest.problem}`),
  ];
  const rows = manifest.systems.map(systemRow);
  $('systems').replaceChildren(
    ...(problem ?? (rows.length > 0 ? rows : [element('p', { class: 'empty' }, 'None.')])),
  );
  showPlayback();
}

function showPlayback() {
  const quality = video.getVideoPlaybackQuality();
  showFacts([
    [
      'Position',
      `${clock(video.currentTime)} / ${clock(Number.isFinite(video.duration) ? video.duration : 0)}`,
    ],
    ['Buffered', `${aheadSeconds().toFixed(1)} s`],
    ['Picture', video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : 'none'],
    ['Frames', `${quality.totalVideoFrames}`],
    ['Dropped', `${quality.droppedVideoFrames}`],
    ['Scheme', manifest.scheme ?? 'clear'],
  ]);
}

// Last, for what is above has to be there.
showChoices();
showPresentation();
showKeys(manifest.kids);
addShortcuts();
play().catch(fail);
