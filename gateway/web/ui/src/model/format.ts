// Words for numbers and times. Pure: the present time is a parameter.

export type Lang = 'zh' | 'en'

/** A value with one decimal and a real minus sign; never "−0.0". */
export function number(v: number, digits = 1): string {
  const s = v.toFixed(digits)
  const text = Number(s) === 0 ? s.replace('-', '') : s
  return text.replace('-', '−')
}

/** A limit as written in a table: no more decimals than it has. */
export function plain(v: number): string {
  return String(Math.round(v * 100) / 100).replace('-', '−')
}

const units: Record<string, string> = { Cel: '°C', '%RH': '%RH', V: 'V', lat: '°', lon: '°', '/': '' }

/** How many decimals a value of a unit is shown with: a degree of latitude is 111 km. */
export const digitsOf = (unit: string): number => (unit === 'lat' || unit === 'lon' ? 4 : 1)

/** The unit as people write it. */
export const unitText = (unit: string): string => units[unit] ?? unit

/**
 * How long ago something was, in one unit. A time slightly ahead (clocks
 * differ) is "just now".
 */
export function age(seconds: number, lang: Lang): string {
  const s = Math.floor(seconds)
  if (s < 1) return lang === 'zh' ? '刚刚' : 'just now'
  return span(s, lang) + (lang === 'zh' ? '前' : ' ago')
}

/** A length of time in one unit, rounded down. */
export function span(seconds: number, lang: Lang): string {
  const s = Math.max(0, Math.floor(seconds))
  const say = (n: number, zh: string, en: string) => (lang === 'zh' ? `${n} ${zh}` : `${n} ${en}`)
  if (s < 60) return say(s, '秒', 's')
  if (s < 3600) return say(Math.floor(s / 60), '分钟', 'min')
  if (s < 48 * 3600) return say(Math.floor(s / 3600), '小时', 'h')
  return say(Math.floor(s / 86400), '天', 'days')
}

/** A length of time in two units, for durations that matter: 1 h 12 min. */
export function longSpan(seconds: number, lang: Lang): string {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 3600) return span(s, lang)
  const days = Math.floor(s / 86400)
  const hours = Math.floor((s % 86400) / 3600)
  const minutes = Math.floor((s % 3600) / 60)
  const part = (n: number, zh: string, en: string) => (n ? (lang === 'zh' ? `${n} ${zh}` : `${n} ${en}`) : '')
  const parts = days ? [part(days, '天', 'd'), part(hours, '小时', 'h')] : [part(hours, '小时', 'h'), part(minutes, '分', 'min')]
  return parts.filter(Boolean).join(' ')
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatter(lang: Lang, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lang + zone + JSON.stringify(options)
  let f = formats.get(key)
  if (!f) {
    f = new Intl.DateTimeFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: zone, hourCycle: 'h23', ...options } as Intl.DateTimeFormatOptions)
    formats.set(key, f)
  }
  return f
}

// A time that cannot be read must not take the whole page down with it.
const say = (f: Intl.DateTimeFormat, ms: number): string => (Number.isFinite(ms) ? f.format(ms) : '—')

/** 20:14, in the county's time zone. */
export const clock = (ms: number, lang: Lang, zone: string): string => say(formatter(lang, zone, { hour: '2-digit', minute: '2-digit' }), ms)

/** 11月23日 周一 */
export const day = (ms: number, lang: Lang, zone: string): string =>
  say(formatter(lang, zone, { month: 'short', day: 'numeric', weekday: 'short' }), ms)

/** 2026年11月23日 */
export const date = (ms: number, lang: Lang, zone: string): string => say(formatter(lang, zone, { year: 'numeric', month: 'short', day: 'numeric' }), ms)

/** 2026年11月 */
export const month = (ms: number, lang: Lang, zone: string): string => say(formatter(lang, zone, { year: 'numeric', month: 'long' }), ms)

/** 20:14 today, with the date on other days. */
export function moment(ms: number, nowMs: number, lang: Lang, zone: string): string {
  const date = formatter(lang, zone, { month: 'short', day: 'numeric' })
  const time = clock(ms, lang, zone)
  return say(date, ms) === say(date, nowMs) || !Number.isFinite(ms) ? time : `${say(date, ms)} ${time}`
}
