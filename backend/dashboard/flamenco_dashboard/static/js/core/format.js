// Figures as people read them, in the viewer's language and zone.

/** A time span, like "2 h 5 min". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (seconds > 0 && seconds < 10) return `${seconds.toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** Bytes, like "1.4 GB". */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(value) < 1000) return unit === "B" || value >= 100 ? `${value.toFixed(0)} ${unit}` : `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}

export const megabytes = (count) => (count ? size(count * 1e6) : "–");
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** A moment, as short as it is clear: "14:05", "Mon 14:05", "3 Nov 2026, 14:05". */
export function moment(text) {
  if (!text) return "–";
  const then = new Date(text);
  const hours = Math.abs(Date.now() - then) / 3.6e6;
  if (then.toDateString() === new Date().toDateString()) return clock.format(then);
  return hours < 144 ? day.format(then) : date.format(then);
}

/** The whole moment with its zone, for a tooltip. */
export const exactly = (text) => (text ? exact.format(new Date(text)) : "");

/** How long ago, like "3 min ago". */
export function ago(text) {
  if (!text) return "never";
  const seconds = (Date.now() - new Date(text)) / 1000;
  return seconds < 5 ? "just now" : `${duration(Math.floor(seconds))} ago`;
}

/** "1 frame", "3 frames". */
export const counted = (number, noun, plural = `${noun}s`) => `${number.toLocaleString()} ${number === 1 ? noun : plural}`;
export const percent = (part) => `${part >= 1 ? 100 : Math.min(99, Math.floor(part * 100))} %`;
