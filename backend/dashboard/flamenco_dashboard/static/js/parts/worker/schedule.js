// Sleep schedules as text, as a week of half hours, and as words. The grammar is that of `flamenco_common.schedule`, which decides.

export const SLOTS = 48; // half hours of a day
export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SHORT = ["mo", "tu", "we", "th", "fr", "sa", "su"];
const MINUTES = 1440, SLOT = MINUTES / SLOTS, WEEK = 7 * SLOTS;
const SPAN = /^(?:([a-z]{2}(?:-[a-z]{2})?(?:\s+[a-z]{2}(?:-[a-z]{2})?)*)\s+)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/;

export const awake = () => new Uint8Array(WEEK);

/** The spans of a text: [{days: [0 = Monday…], start, end}], in minutes of the day. Throws a sentence. */
export function parse(text) {
  return text.split(",").map((part) => part.trim().toLowerCase()).filter(Boolean).map((part) => {
    const found = SPAN.exec(part);
    if (!found) throw new Error(`“${part}” cannot be read: write it like mo-fr 09:00-18:00`);
    return { days: daysOf(found[1] ?? "mo-su"), start: minuteOf(found[2], found[3]), end: minuteOf(found[4], found[5]) };
  });
}

function minuteOf(hour, minute) {
  if (hour > 24 || minute > 59 || (Number(hour) === 24 && Number(minute))) throw new Error(`there is no time ${hour}:${minute}`);
  return 60 * hour + Number(minute);
}

function daysOf(text) {
  const days = new Set();
  for (const word of text.split(/\s+/)) {
    const [start, end] = [word.slice(0, 2), word.slice(3) || word].map((name) => SHORT.indexOf(name));
    if (start < 0 || end < 0) throw new Error(`there is no day “${word}”: days are ${SHORT.join(" ")}`);
    for (let step = 0; step <= (end - start + 7) % 7; step++) days.add((start + step) % 7);
  }
  return [...days].sort();
}

/** Whether a worker with these spans sleeps at that minute of that day. */
export const sleepsAt = (spans, day, minute) => spans.some(({ days, start, end }) => (start < end
  ? days.includes(day) && start <= minute && minute < end
  : (days.includes(day) && minute >= start) || (days.includes((day + 6) % 7) && minute < end)));

/** The week of these spans: 1 where any of a half hour is slept; `exact`: whether that says all of it. */
export function weekOf(spans) {
  const week = awake();
  for (let at = 0; at < WEEK; at++) {
    const [day, from] = [Math.floor(at / SLOTS), (at % SLOTS) * SLOT];
    for (let minute = from; minute < from + SLOT && !week[at]; minute++) week[at] = Number(sleepsAt(spans, day, minute));
  }
  return { week, exact: spans.every(({ start, end }) => start % SLOT === 0 && end % SLOT === 0) };
}

/** The spans of a week, as few as are easy to read: a stretch of a day at most is one span, also over midnight. */
export function spansOf(week) {
  if (week.every(Boolean)) return [{ days: [0, 1, 2, 3, 4, 5, 6], start: 0, end: MINUTES }];
  const spans = new Map();
  const add = (slot, length) => {
    const [day, start] = [Math.floor(slot / SLOTS) % 7, (slot % SLOTS) * SLOT];
    const key = `${start} ${(start + length * SLOT) % MINUTES || MINUTES}`;
    spans.set(key, [...(spans.get(key) ?? []), day]);
  };
  for (const [start, length] of stretches(week)) {
    if (length <= SLOTS) add(start, length);
    else for (let at = start; at < start + length;) {
      const piece = Math.min(SLOTS - (at % SLOTS), start + length - at);
      add(at, piece);
      at += piece;
    }
  }
  return [...spans].map(([key, days]) => ({ days: days.sort(), start: Number(key.split(" ")[0]), end: Number(key.split(" ")[1]) }))
    .sort((one, other) => one.days[0] - other.days[0] || one.start - other.start);
}

/** Where sleep begins and how long it lasts, in half hours; the week goes on from Sunday to Monday. */
function stretches(week) {
  const found = [];
  for (let at = 0; at < WEEK; at++) {
    if (!week[at] || week[(at + WEEK - 1) % WEEK]) continue;
    let length = 1;
    while (week[(at + length) % WEEK]) length++;
    found.push([at, length]);
  }
  return found;
}

const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** The text of spans. */
export const textOf = (spans) => spans.map(({ days, start, end }) =>
  `${ranges(days).map(([first, last]) => SHORT[first] + (last === first ? "" : `-${SHORT[last]}`)).join(" ")} ${clock(start)}-${clock(end)}`).join(", ");

/** The spans in words, like "asleep Mon–Fri 22:00–06:00". */
export function wordsOf(spans) {
  if (!spans.length) return "always awake";
  const day = (at) => DAYS[at].slice(0, 3);
  const when = ({ days, start, end }) => {
    const names = days.length === 7 ? "every day" : ranges(days).map(([first, last]) => (first === last ? day(first) : `${day(first)}–${day(last)}`)).join(", ");
    return start === 0 && end === MINUTES ? `${names} all day` : `${names} ${clock(start)}–${clock(end)}`;
  };
  return `asleep ${spans.map(when).join("; ")}`;
}

/** Days that follow each other, as [first, last]. */
function ranges(days) {
  const found = [];
  for (const day of days) {
    if (found.length && found.at(-1)[1] === day - 1) found.at(-1)[1] = day;
    else found.push([day, day]);
  }
  return found;
}
