// The small Slack: who you are, where you are, what is said there, and what you type, press and fill in.

import { blocks, collect, complain, el, menuButton, mrkdwn } from "./blocks.js";

const $ = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);

export const chat = {
  seen: null, // what the person sees, as the workspace tells it
  me: address.get("as"),
  place: address.get("in"),
  tab: "messages",
  thread: null,
  read: {}, // per person and channel: the last message that was before their eyes
  loadedAt: null,
  demo: null, // roles and clock, where there is an AWS side
};
const drafts = {};
const listeners = [];

// ---------------------------------------------------------------- the way to the workspace

export async function ask(path, body) {
  const sent = body === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  };
  try {
    const answer = await fetch(path, sent);
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { error: "The pretend workspace does not answer. Is it still running?" };
  }
}

export const whenChanged = (listener) => listeners.push(listener);
export const now = () => Date.now() / 1000 + (chat.demo?.clock.ahead ?? 0);

let asking = false;
let again = false;
// Fetches what the person sees and draws what changed; changes that come meanwhile are fetched once more.
export async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  do {
    again = false;
    if (!chat.me) await pickSomebody();
    const seen = await ask(`/_sim/seen?as=${encodeURIComponent(chat.me)}`);
    if (seen.error) { toast(seen.error); break; }
    chat.seen = seen;
    chat.loadedAt ??= seen.now;
    draw();
  } while (again);
  asking = false;
}

async function pickSomebody() {
  const state = await ask("/_sim/state");
  chat.me = state.people?.find((person) => !person.is_bot && !person.deleted)?.id ?? null;
}

const OURS = new Set(["message", "deleted", "ephemeral", "ephemeral_gone", "view", "home", "channel", "person", "group", "outage", "pins"]);

function listen() {
  const events = new EventSource("/_sim/events");
  events.addEventListener("message", (event) => {
    const change = JSON.parse(event.data);
    if (OURS.has(change.kind)) refresh();
    for (const listener of listeners) listener(change);
  });
  let lost = false;
  events.addEventListener("error", () => { lost = true; document.body.dataset.lost = ""; });
  events.addEventListener("open", () => {
    delete document.body.dataset.lost;
    if (lost) { refresh(); for (const listener of listeners) listener({ kind: "aws" }); }
    lost = false;
  });
}

// ---------------------------------------------------------------- drawing

const world = {
  get me() { return chat.me; },
  get people() { return chat.seen.people; },
  get groups() { return chat.seen.groups; },
  get channels() { return chat.seen.channels; },
  channelName: (id) => chat.seen.channels.find((one) => one.id === id)?.name,
  now,
};

const name = (user) => (user === chat.seen.app.user ? "Session Revoker" : chat.seen.people[user]?.real_name ?? user);

export function draw() {
  if (!chat.seen) return;
  stay();
  drawSide();
  drawRoom();
  drawThread();
  drawForm();
  $("outage").hidden = !chat.seen.outage;
  document.title = `${roomName()} · pretend workspace`;
  for (const listener of listeners) listener({ kind: "drawn" });
}

// Where the person cannot be, they are not: somebody else's private channel closes when one becomes them.
function stay() {
  const ids = [...chat.seen.channels.map((one) => one.id), chat.seen.app.channel];
  if (!ids.includes(chat.place)) {
    const mine = chat.seen.channels.filter((one) => one.members.includes(chat.me) && !one.is_im);
    [chat.place, chat.thread] = [(mine[0] ?? chat.seen.channels[0])?.id ?? chat.seen.app.channel, null];
  }
  const asked = new URLSearchParams({ as: chat.me, in: chat.place });
  history.replaceState(null, "", `?${asked}`);
}

const isApp = () => chat.place === chat.seen.app.channel;
const channelNow = () => chat.seen.channels.find((one) => one.id === chat.place);
const roomName = () => (isApp() ? "Session Revoker" : `#${channelNow().name}`);
const listed = (id) => chat.seen.messages[id] ?? [];

function drawSide() {
  $("team-name").textContent = chat.seen.team.name;
  const roles = chat.demo?.roles ?? {};
  const offered = Object.values(chat.seen.people)
    .filter((one) => !one.is_bot && !one.deleted && (!chat.demo || roles[one.id]));
  keep($("act-as"), JSON.stringify([offered, roles, chat.me]), () => offered.map((one) =>
    el("option", { value: one.id, selected: one.id === chat.me }, roles[one.id] ? `${one.name} · ${roles[one.id].split(",")[0]}` : one.name)));
  $("act-as").value = chat.me;
  $("act-as-role").textContent = `You see what ${name(chat.me)} sees.`;
  const rooms = chat.seen.channels.filter((one) => !one.is_im);
  keep($("channels"), JSON.stringify([rooms.map(unread), rooms, chat.place]), () => rooms.map((one) =>
    el("li", {}, placeButton(one.id, one.is_private ? null : "#", one.name, one.is_ext_shared ? "shared with another company" : "", unread(one)))));
  const direct = { id: chat.seen.app.channel };
  keep($("apps"), JSON.stringify([direct.id, unread(direct), chat.place]), () =>
    el("li", {}, placeButton(direct.id, "◆", "Session Revoker", "", unread(direct))));
}

function placeButton(id, sign, label, more, count) {
  return el("button", {
    type: "button", "data-channel": id, "aria-current": id === chat.place ? "page" : null,
    class: count ? "place unread" : "place", title: more || null, click: () => go(id),
  }, el("span", { class: sign ? "sign" : "sign lock", "aria-hidden": "true" }, sign), el("span", { class: "place-name" }, label),
  count ? el("span", { class: "count", "aria-label": `${count} unread` }, String(count)) : null);
}

function unread(place) {
  const last = (chat.read[chat.me] ??= {})[place.id] ?? String(chat.loadedAt);
  if (place.id === chat.place) return 0;
  return listed(place.id).filter((one) => one.ts > last && one.user !== chat.me && inRoom(one)).length;
}

const inRoom = (message) => !message.thread_ts || message.thread_ts === message.ts || message.reply_broadcast;

// Draws anew only when `key` is another than last time, so that focus and selection survive.
const keys = new WeakMap();
function keep(node, key, children) {
  if (keys.get(node) === key) return false;
  keys.set(node, key);
  const made = children();
  node.replaceChildren(...(Array.isArray(made) ? made.flat() : [made]));
  return true;
}

function drawRoom() {
  $("room-title").textContent = roomName();
  const channel = channelNow();
  $("room-about").textContent = isApp() ? "The app that denies an IAM Identity Center user in every AWS account"
    : `${channel.is_private ? "private" : "public"}${channel.is_ext_shared ? " · shared with another company" : ""}${channel.is_archived ? " · archived" : ""}`;
  drawTools(channel);
  $("messages").setAttribute("aria-label", isApp() ? "Messages from Session Revoker" : `Messages in ${roomName()}`);
  if (isApp() && chat.tab === "home") drawHome();
  else drawMessages($("messages"), listed(chat.place).filter(inRoom), whispers(chat.place, null), emptyWords());
  drawComposer($("composer"), channel, null);
  (chat.read[chat.me] ??= {})[chat.place] = listed(chat.place).at(-1)?.ts ?? "0";
}

const emptyWords = () => (isApp()
  ? ["Nothing yet.", "What is for you alone comes here: a step assigned to you, an approval you are reminded of."]
  : [`This is the beginning of ${roomName()}.`, "Type /revoke @mallory and a reason, and press Enter. Nobody is denied before somebody presses Deny now."]);

function drawTools(channel) {
  keep($("room-tools"), JSON.stringify([chat.place, chat.tab, channel?.members, chat.seen.app]), () => {
    if (!isApp()) return [members(channel)];
    const tabs = [chat.seen.app.home && ["home", "Home"], ["messages", "Messages"]].filter(Boolean);
    return tabs.length < 2 ? [] : tabs.map(([id, label]) => el("button", {
      type: "button", class: "button small", "aria-pressed": String(chat.tab === id),
      click: () => { chat.tab = id; opened(); draw(); },
    }, label));
  });
}

function members(channel) {
  const people = Object.values(chat.seen.people).filter((one) => !one.deleted);
  const count = channel.members.length;
  return menuButton(`${count} members`, `${count} members of #${channel.name}`, people.map((one) => {
    const inside = channel.members.includes(one.id);
    return {
      label: `${inside ? "✓" : "+"} ${name(one.id)}${inside ? "" : " (add)"}`,
      pick: () => act(inside ? "/_sim/leave" : "/_sim/join", { channel: channel.id, user: one.id }),
    };
  }), { class: "button small", title: "Who is here. Choose somebody to add or remove them." });
}

// Only what came since this page was opened: Slack forgets the rest at a reload, too.
const whispers = (channel, thread) => chat.seen.ephemerals
  .filter((one) => one.channel === channel && (one.thread_ts ?? null) === thread && Number(one.ts) >= chat.loadedAt && !dismissed.has(one.ts))
  .map((one) => ({ ...one, user: chat.seen.app.user, whisper: true }));
const dismissed = new Set();

function drawMessages(node, said, whispered, [title, ...hint]) {
  const all = [...said, ...whispered, ...refusals(node)].sort((a, b) => a.ts.localeCompare(b.ts));
  const low = isLow(node) || node.dataset.shows !== shows(node);
  node.dataset.shows = shows(node);
  if (!all.length) {
    keep(node, `empty ${title}`, () => el("div", { class: "empty" }, el("strong", {}, title), hint.map((words) => el("p", {}, words))));
    return;
  }
  keys.delete(node);
  const old = new Map([...node.children].filter((child) => child.dataset.ts).map((child) => [keys.get(child), child]));
  const fresh = [];
  let before = null;
  for (const one of all) {
    if (!before || dayOf(before) !== dayOf(one)) fresh.push(el("div", { class: "day", role: "separator" }, el("span", {}, dayOf(one))));
    fresh.push(placed(old, one, before, node));
    before = one;
  }
  const last = node.lastElementChild?.dataset.ts;
  const anchor = anchored(node);
  update(node, fresh);
  if (anchor) node.scrollTop += placeOf(node, anchor.ts) - anchor.top;
  else if (low) node.scrollTop = node.scrollHeight;
  if (node === $("messages") && (!low || anchor) && last !== node.lastElementChild?.dataset.ts) $("newer").hidden = isLow(node);
}

// Whoever just pressed something on a card wants to see what became of it, not what is said below it.
let pressed = { ts: null, until: 0 };
function anchored(node) {
  const top = Date.now() < pressed.until ? placeOf(node, pressed.ts) : null;
  return top === null || top < -40 ? null : { ts: pressed.ts, top };
}

// Whoever says something wants to see what comes after it.
function toEnd(node) {
  pressed.until = 0;
  node.scrollTop = node.scrollHeight;
}

function placeOf(node, ts) {
  const found = [...node.children].find((child) => child.dataset.ts === ts);
  return found ? found.getBoundingClientRect().top - node.getBoundingClientRect().top : null;
}

const isLow = (node) => node.scrollHeight - node.scrollTop - node.clientHeight < 60;

const shows = (node) => `${chat.me} ${node.id === "replies" ? chat.thread : `${chat.place} ${chat.tab}`}`;
const dayOf = (message) => new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" }).format(new Date(Number(message.ts) * 1000));

function placed(old, one, before, node) {
  const short = (said) => (said.blocks?.length ?? 0) < 2 && !(said.reply_broadcast && node.id === "messages");
  const joined = before && before.user === one.user && !before.whisper === !one.whisper && short(one) && short(before)
    && one.ts - before.ts < 300 && dayOf(before) === dayOf(one);
  const replies = node.id === "messages" ? listed(one.channel).filter((other) => other.thread_ts === one.ts && other.ts !== one.ts) : [];
  const key = JSON.stringify([chat.me, one.ts, one.text, one.blocks, one.edited, one.reactions, joined, replies.length, replies.at(-1)?.ts, node.id, chat.seen.outage]);
  return old.get(key) ?? message(one, { joined, replies, key, node });
}

// Nodes that stay are not touched: what has the focus keeps it, and screen readers hear only what is new.
function update(node, fresh) {
  const focused = document.activeElement;
  const wanted = focused && node.contains(focused) ? [focused.closest("[data-ts]")?.dataset.ts, focused.dataset.actionId, focused.closest("[data-block-id]")?.dataset.blockId] : null;
  const stays = new Set(fresh);
  for (const child of [...node.children]) if (!stays.has(child)) child.remove();
  fresh.forEach((child, index) => { if (node.children[index] !== child) node.insertBefore(child, node.children[index] ?? null); });
  if (wanted && !node.contains(document.activeElement)) refocus(node, wanted);
}

function refocus(node, [ts, action, block]) {
  const home = [...node.querySelectorAll("[data-ts]")].find((one) => one.dataset.ts === ts);
  const same = action && [...(home?.querySelectorAll("[data-action-id]") ?? [])]
    .find((one) => one.dataset.actionId === action && (!block || one.closest("[data-block-id]").dataset.blockId === block || !block.includes(".")));
  (same ?? home ?? node).focus({ preventScroll: true });
}

function message(one, { joined, replies, key, node }) {
  const bot = one.user === chat.seen.app.user;
  const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" }).format(new Date(Number(one.ts) * 1000));
  const made = el("article", {
    class: `message${joined ? " joined" : ""}${one.whisper ? " whisper" : ""}${bot && one.blocks?.length > 1 ? " card" : ""}`,
    tabindex: -1, "aria-label": `${name(one.user)}, ${time}${one.whisper ? ", only visible to you" : ""}`,
  },
  el("span", { class: `avatar ${bot ? "bot" : `c${shade(one.user)}`}`, "aria-hidden": "true" }, bot ? "◆" : initials(one.user)),
  el("div", { class: "said" },
    el("div", { class: "who" }, el("strong", {}, name(one.user)), bot && el("span", { class: "app" }, "APP"),
      el("time", { title: new Date(Number(one.ts) * 1000).toString() }, time)),
    one.whisper && el("p", { class: "only-you" }, "Only visible to you ",
      el("button", { type: "button", class: "link", click: () => { dismissed.add(one.ts); local.delete(one.ts); draw(); } }, "Dismiss")),
    one.reply_broadcast && node.id === "messages" && el("p", { class: "replied" }, "replied to ",
      el("button", { type: "button", class: "link", click: () => openThread(one.thread_ts) }, "a thread")),
    body(one),
    one.files?.length ? one.files.map((file) => el("details", { class: "file" }, el("summary", {}, file.name), el("pre", { tabindex: 0, "aria-label": file.name }, file.text))) : null,
    el("div", { class: "under" },
      replies.length ? el("button", { type: "button", class: "replies", click: () => openThread(one.ts) },
        `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`) : null,
      one.reactions?.length ? el("span", {}, one.reactions.map((word) => `:${word}:`).join(" ")) : null,
      one.edited ? el("small", {}, "(edited)") : null)),
  one.whisper ? null : tools(one, node));
  made.dataset.ts = one.ts;
  keys.set(made, key);
  return made;
}

const shade = (user) => [...user].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;
const initials = (user) => name(user).split(/\s+/).map((word) => word[0]).slice(0, 2).join("");

function body(one) {
  if (!one.blocks?.length) return el("div", { class: "text" }, mrkdwn(one.text, world));
  const on = {
    world, surface: one.ts,
    act: (node, what) => press(node, what, "/_sim/click", { channel: one.channel, ts: one.ts, values: {} }, node.closest(".blocks")),
    suggest: async () => [],
  };
  return el("div", { class: "blocks" }, blocks(one.blocks, on));
}

function tools(one, node) {
  const shortcuts = chat.seen.app.shortcuts.filter((entry) => entry.type === "message");
  const entries = shortcuts.map((entry) => ({
    label: entry.name, pick: (button) => press(button, {}, "/_sim/message_shortcut", { channel: one.channel, ts: one.ts, callback_id: entry.callback_id }),
  }));
  return el("div", { class: "tools" },
    node.id === "messages" ? el("button", { type: "button", class: "button small", click: () => openThread(one.thread_ts ?? one.ts) }, "Reply") : null,
    entries.length ? menuButton("⋯", "Shortcuts for this message", entries, { class: "button small" }) : null);
}

// ---------------------------------------------------------------- threads

export function openThread(ts) {
  chat.thread = ts;
  draw();
  $("thread").querySelector("textarea")?.focus({ preventScroll: true });
}

function closeThread() {
  const ts = chat.thread;
  chat.thread = null;
  draw();
  [...$("messages").querySelectorAll("[data-ts]")].find((one) => one.dataset.ts === ts)?.focus({ preventScroll: true });
}

function drawThread() {
  const root = chat.thread && listed(chat.place).find((one) => one.ts === chat.thread);
  $("thread").hidden = !root;
  document.body.toggleAttribute("data-thread", Boolean(root));
  if (!root) { chat.thread = null; return; }
  $("thread-about").textContent = roomName();
  const said = listed(chat.place).filter((one) => one.ts === chat.thread || one.thread_ts === chat.thread);
  drawMessages($("replies"), said, whispers(chat.place, chat.thread), [""]);
  drawComposer($("thread-composer"), channelNow(), chat.thread);
}

// ---------------------------------------------------------------- doing something

// Sends an act, and shows what Slack shows when it went wrong.
async function act(path, body) {
  const answer = await ask(path, body);
  const ack = answer.result;
  if (answer.error) toast(answer.error);
  else if (ack?.error && ack.problem !== "incomplete") toast(ack.error);
  return answer;
}

async function press(node, what, path, more, fields) {
  const { confirm, ...chosen } = what;
  if (confirm && !(await sure(confirm))) return;
  if (node.getAttribute("aria-busy")) return;
  pressed = { ts: node.closest("[data-ts]")?.dataset.ts ?? null, until: Date.now() + 15_000 };
  node.setAttribute("aria-busy", "true");
  const values = fields ? { values: collect(fields) } : {};
  await act(path, { user: chat.me, ...more, ...chosen, ...values });
  node.removeAttribute("aria-busy");
}

function sure(asked) {
  const dialog = $("sure");
  return new Promise((resolve) => {
    const yes = el("button", { type: "submit", value: "yes", class: `button ${asked.style === "danger" ? "danger" : "primary"}` }, asked.confirm?.text ?? "Yes");
    dialog.replaceChildren(el("form", { method: "dialog" },
      el("h2", { id: "sure-title" }, asked.title?.text ?? "Are you sure?"),
      el("p", { id: "sure-text" }, asked.text?.type === "mrkdwn" ? mrkdwn(asked.text.text, world) : (asked.text?.text ?? "")),
      el("div", { class: "foot" }, el("button", { type: "submit", value: "no", class: "button" }, asked.deny?.text ?? "Cancel"), yes)));
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
    yes.focus();
  });
}

export function toast(words) {
  const one = el("p", { class: "toast" }, words, el("button", { type: "button", class: "link", "aria-label": "Dismiss", click: () => one.remove() }, "✕"));
  $("toasts").append(one);
  setTimeout(() => one.remove(), 12_000);
}

export function go(place) {
  Object.assign(chat, { place, thread: null, tab: place === chat.seen.app.channel && chat.seen.app.home ? "home" : "messages" });
  opened();
  pane("chat");
  draw();
}

// A link to a message of this workspace stays here: its address is pretend, too.
const MESSAGE = /^https:\/\/[\w-]+\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d{6})/;
function follow(event) {
  const found = MESSAGE.exec(event.target.closest?.("a[href]")?.href ?? "");
  if (!found) return;
  event.preventDefault();
  const [, channel, seconds, rest] = found;
  if (!chat.seen.channels.some((one) => one.id === channel)) return toast("You are not in the channel of that message.");
  go(channel);
  const shown = [...$("messages").children].find((one) => one.dataset.ts === `${seconds}.${rest}`);
  shown?.scrollIntoView({ block: "start" });
  shown?.focus({ preventScroll: true });
  return undefined;
}

// Slack tells the app that somebody looks at one of its two tabs.
function opened() {
  if (isApp() && chat.seen.app.home) act("/_sim/open_home", { user: chat.me, tab: chat.tab });
}

export async function become(user) {
  const withApp = isApp(); // each person has a conversation of their own with the app
  if ($("form").open) $("form").close("switched");
  Object.assign(chat, { me: user, thread: null });
  keys.delete($("room-tools"));
  await refresh();
  if (withApp) go(chat.seen.app.channel);
}

// ---------------------------------------------------------------- home and forms

function drawHome() {
  const home = chat.seen.home;
  keep($("messages"), `home ${home?.hash ?? "none"} ${chat.me}`, () => {
    if (!home) return el("div", { class: "empty" }, el("strong", {}, "The app has not drawn your home yet."));
    const on = { world, surface: home.id, act: (node, what) => press(node, what, "/_sim/click_view", { view_id: home.id }, node.closest(".blocks")), suggest: (...asked) => suggest(home, ...asked) };
    return el("div", { class: "home blocks" }, blocks(home.blocks, on));
  });
}

async function suggest(view, block_id, action_id, text) {
  const answer = await act("/_sim/suggest", { user: chat.me, view_id: view.id, block_id, action_id, text });
  const found = answer.result?.body ?? {};
  return [...(found.options ?? []), ...(found.option_groups ?? []).flatMap((group) => group.options)];
}

function drawForm() {
  const view = chat.seen.views.at(-1);
  const dialog = $("form");
  if (!view || view.type !== "modal") {
    if (dialog.open) dialog.close("gone");
    keys.delete(dialog);
    return;
  }
  const typed = dialog.dataset.view === view.id && dialog.open ? rawValues(dialog) : null;
  const drawn = keep(dialog, `${chat.me} ${view.id} ${view.hash}`, () => form(view));
  dialog.dataset.view = view.id;
  if (drawn && typed) restore(dialog, typed);
  if (!dialog.open) dialog.showModal();
  if (drawn) dialog.querySelector(".fields-of input, .fields-of textarea, .fields-of select")?.focus();
}

const fieldKey = (node, index) => [node.closest("[data-block-id]")?.dataset.blockId, node.closest("[data-field]")?.dataset.field, index].join("/");
const inputs = (root) => [...root.querySelectorAll("[data-field], [data-field] input")].filter((node) => node.matches("input, select, textarea"));

// A form that the app changed keeps what was typed into fields that it still has.
const rawValues = (root) => new Map(inputs(root).map((node, index) => [fieldKey(node, index), [node.value, node.checked]]));
function restore(root, values) {
  inputs(root).forEach((node, index) => {
    const was = values.get(fieldKey(node, index));
    if (was && /^(checkbox|radio)$/.test(node.type)) node.checked = was[1];
    else if (was) node.value = was[0];
  });
}

function form(view) {
  const send = el("button", { type: "submit", class: "button primary" }, view.submit?.text ?? "Submit");
  const on = { world, surface: view.id, act: (node, what) => press(node, what, "/_sim/click_view", { view_id: view.id }, node.closest(".blocks")), suggest: (...asked) => suggest(view, ...asked) };
  return el("form", {
    novalidate: true,
    submit: async (event) => {
      event.preventDefault();
      if (send.getAttribute("aria-busy")) return;
      send.setAttribute("aria-busy", "true");
      const { result } = await act("/_sim/submit", { user: chat.me, view_id: view.id, values: collect(event.target) });
      send.removeAttribute("aria-busy");
      const body = result?.body;
      if (body?.errors) complain(event.target, body.errors);
    },
  },
  el("h2", { id: "form-title" }, view.title.text),
  el("div", { class: "fields-of blocks" }, blocks(view.blocks, on)),
  el("div", { class: "foot" },
    el("button", { type: "button", class: "button", click: () => closeForm(view) }, view.close?.text ?? "Close"),
    view.submit ? send : null));
}

const closeForm = (view) => act("/_sim/close", { user: chat.me, view_id: view.id });

// ---------------------------------------------------------------- the composer

const local = new Map(); // what Slack itself tells one person; no app is behind it
let turn = 0;
function refuse(channel, thread, words) {
  const ts = `${now().toFixed(6)}${++turn}`;
  local.set(ts, { ts, channel, thread, me: chat.me, user: "Slackbot", text: words, blocks: [], whisper: true });
  draw();
}
const refusals = (node) => [...local.values()]
  .filter((one) => one.me === chat.me && one.channel === chat.place && (one.thread ?? null) === (node.id === "replies" ? chat.thread : null));

function drawComposer(node, channel, thread) {
  const mine = isApp() || channel?.members.includes(chat.me);
  const state = chat.seen.outage ? "down" : channel?.is_archived ? "archived" : isApp() ? "app" : mine ? "open" : "outside";
  keep(node, JSON.stringify([state, chat.place, thread, chat.me, chat.seen.app.commands]), () => composer(node, state, channel, thread));
}

const CLOSED = {
  down: "Slack is down: nobody can send anything.",
  archived: "This channel is archived.",
  app: "Messages from the app. It reads no answers; type /revoke in a channel, or mention it in a thread.",
};

function composer(form, state, channel, thread) {
  if (state === "outside") {
    return el("p", { class: "closed" }, "You are not in this channel. ",
      el("button", { type: "button", class: "button small", click: () => act("/_sim/join", { channel: channel.id, user: chat.me }) }, "Join"));
  }
  if (state !== "open") return el("p", { class: "closed" }, CLOSED[state]);
  const draftKey = `${chat.me} ${chat.place} ${thread ?? ""}`;
  const id = thread ? "reply-text" : "message-text";
  const list = el("ul", { class: "offers", role: "listbox", id: `${id}-offers`, "aria-label": "Suggestions", hidden: true });
  const hint = el("p", { class: "usage", id: `${id}-usage`, hidden: true });
  const text = el("textarea", {
    id, rows: 1, "aria-label": thread ? "Reply" : `Message #${channel.name}`, "aria-describedby": `${id}-usage`, maxlength: 4000,
    placeholder: thread ? "Reply…" : `Message #${channel.name}, or type / for a command`,
    "aria-haspopup": "listbox", "aria-controls": `${id}-offers`, "aria-autocomplete": "list",
  });
  text.value = drafts[draftKey] ?? "";
  const grow = () => { text.style.height = "auto"; text.style.height = `${Math.min(text.scrollHeight, 160)}px`; };
  const offers = offering(text, list, hint);
  text.addEventListener("input", () => { drafts[draftKey] = text.value; grow(); offers.look(); });
  text.addEventListener("keydown", (event) => {
    if (offers.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  text.addEventListener("blur", () => offers.hide());
  form.onsubmit = (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said) return;
    text.value = drafts[draftKey] = "";
    grow();
    offers.look();
    toEnd(thread ? $("replies") : $("messages"));
    send(said, chat.place, thread);
  };
  return [list, hint, el("div", { class: "box" }, text, shortcutsMenu(), el("button", { type: "submit", class: "button primary send", "aria-label": "Send" }, "Send"))];
}

function shortcutsMenu() {
  const entries = chat.seen.app.shortcuts.filter((entry) => entry.type === "global").map((entry) => ({
    label: entry.name, pick: (button) => press(button, {}, "/_sim/shortcut", { callback_id: entry.callback_id }),
  }));
  return entries.length ? menuButton("⚡", "Shortcuts", entries, { class: "button small" }) : null;
}

async function send(said, channel, thread) {
  if (said.startsWith("/")) {
    const { result, error } = await ask("/_sim/command", { user: chat.me, channel, text: said, ...(thread ? { thread_ts: thread } : {}) });
    if (error ?? result?.error) refuse(channel, thread, error ?? result.error);
    return;
  }
  const calls = new RegExp(`(^|\\s)@${chat.seen.people[chat.seen.app.user].name}\\b`).test(said);
  await act(calls ? "/_sim/mention" : "/_sim/say", { user: chat.me, channel, text: said, ...(thread ? { thread_ts: thread } : {}) });
}

// Commands of the manifest after a slash, people after an @; chosen by arrow keys and Enter or Tab, or by mouse.
function offering(text, list, hint) {
  let offered = [];
  let marked = 0;
  const hide = () => {
    offered = [];
    list.hidden = true;
    text.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    marked = (index + offered.length) % offered.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === marked)));
    text.setAttribute("aria-activedescendant", list.children[marked].id);
    list.children[marked].scrollIntoView({ block: "nearest" });
  };
  const look = () => {
    const before = text.value.slice(0, text.selectionStart ?? text.value.length);
    offered = commands(before) ?? names(before) ?? [];
    const command = chat.seen.app.commands.find((one) => text.value.startsWith(`${one.command} `) || text.value === one.command);
    hint.hidden = !command;
    hint.textContent = command ? `${command.command} ${command.usage_hint}` : "";
    if (!offered.length) return hide();
    list.replaceChildren(...offered.map((one, index) => el("li", {
      role: "option", id: `${list.id}-${index}`, mousedown: (event) => { event.preventDefault(); take(one); },
    }, el("strong", {}, one.face), " ", el("span", {}, one.more))));
    list.hidden = false;
    mark(0);
    return undefined;
  };
  const take = (one) => {
    const end = text.selectionStart ?? text.value.length;
    text.value = text.value.slice(0, end - one.typed.length) + one.put + text.value.slice(end);
    text.dispatchEvent(new Event("input"));
    text.focus();
  };
  const key = (event) => {
    if (list.hidden || !offered.length) return false;
    const done = {
      ArrowDown: () => mark(marked + 1), ArrowUp: () => mark(marked - 1), Escape: hide,
      Enter: () => take(offered[marked]), Tab: () => take(offered[marked]),
    }[event.key];
    if (!done || event.shiftKey) return false;
    done();
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { look, hide, key };
}

function commands(before) {
  const found = /^\/(\S*)$/.exec(before);
  if (!found) return null;
  const matching = chat.seen.app.commands.filter((one) => one.command.startsWith(found[0]));
  return matching.map((one) => ({ face: one.command, more: one.description, typed: found[0], put: `${one.command} ` }));
}

// What Slack turns into a person when it is sent; the name alone, typed by hand or chosen here.
function names(before) {
  const found = /(^|\s)@([\w.-]*)$/.exec(before);
  if (!found) return null;
  const people = Object.values(chat.seen.people).filter((one) => !one.deleted)
    .map((one) => ({ face: `@${one.name}`, more: one.real_name, put: `@${one.name} ` }));
  const groups = Object.values(chat.seen.groups).map((handle) => ({ face: `@${handle}`, more: "user group", put: `@${handle} ` }));
  const wanted = found[2].toLowerCase();
  const begins = (one) => `${one.face.slice(1)} ${one.more}`.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted));
  return [...people, ...groups].filter(begins)
    .map((one) => ({ ...one, typed: `@${found[2]}` })).slice(0, 8);
}

// Puts words into the message box for whoever does not want to type them; sending is up to the visitor.
export function propose(channel, words) {
  go(channel);
  const text = $("message-text");
  if (!text) return;
  text.value = words;
  text.dispatchEvent(new Event("input"));
  text.focus();
}

// ---------------------------------------------------------------- the whole

export function pane(which) {
  document.body.dataset.pane = which;
  for (const button of document.querySelectorAll("[data-goes]")) {
    if (button.dataset.goes === which) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function wire() {
  $("act-as").addEventListener("change", (event) => become(event.target.value));
  $("thread-close").addEventListener("click", closeThread);
  $("newer").addEventListener("click", () => { $("messages").scrollTop = $("messages").scrollHeight; $("newer").hidden = true; });
  $("messages").addEventListener("scroll", (event) => {
    if (isLow(event.target)) $("newer").hidden = true;
  });
  $("form").addEventListener("cancel", (event) => { event.preventDefault(); closeForm(chat.seen.views.at(-1)); });
  for (const button of document.querySelectorAll("[data-goes]")) button.addEventListener("click", () => pane(button.dataset.goes));
  document.addEventListener("click", follow);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key === "/" && !typing && $("message-text")) { event.preventDefault(); $("message-text").focus(); }
    if (event.key === "Escape" && chat.thread && $("thread").contains(event.target)) closeThread();
  });
}

wire();
await refresh();
listen();
