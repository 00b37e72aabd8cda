// The roster and the plan as a person edits them. Pure.

import { weekdays, type Chain, type Channel, type Drill, type Person, type Roster, type Span, type Weekday } from '../api/people'

/** A telephone number with its middle hidden: +86 138****5678. */
export function masked(phone: string): string {
  if (phone.includes('*')) return phone.startsWith('86') ? '+86 ' + phone.slice(2) : '+' + phone
  const digits = phone.replace(/[^0-9]/g, '')
  const home = digits.startsWith('86') && digits.length > 9
  const own = home ? digits.slice(2) : digits
  const shown = own.length < 9 ? own.slice(0, 2) + '****' + own.slice(-2) : own.slice(0, 3) + '****' + own.slice(-4)
  return own === '' ? '' : (home ? '+86 ' : '+') + shown
}

/** Days that follow each other with the same hours. */
export interface DayGroup {
  first: Weekday
  last: Weekday
  spans: Span[]
}

/** Working hours as people say them: Monday to Friday 8:00 to 18:00. Days off are left out. */
export function dayGroups(hours: Person['hours']): DayGroup[] {
  const out: DayGroup[] = []
  const same = (a: Span[], b: Span[]) => JSON.stringify(a) === JSON.stringify(b)
  weekdays.forEach((day, i) => {
    const spans = hours?.[day] ?? []
    if (!spans.length) return
    const last = out[out.length - 1]
    if (last && weekdays[i - 1] === last.last && same(last.spans, spans)) last.last = day
    else out.push({ first: day, last: day, spans })
  })
  return out
}

/** A new person's short name in files and logs: the first number that is free. */
export function freeID(persons: Person[]): string {
  let n = persons.length + 1
  while (persons.some((p) => p.id === `person-${n}`)) n++
  return `person-${n}`
}

/** The roster with a person put in his place, or at the end. */
export function withPerson(r: Roster, p: Person, before?: string): Roster {
  const i = r.persons.findIndex((x) => x.id === (before ?? p.id))
  const persons = [...r.persons]
  if (i < 0) persons.push(p)
  else persons[i] = p
  return { ...r, persons }
}

export const withoutPerson = (r: Roster, id: string): Roster => ({ ...r, persons: r.persons.filter((p) => p.id !== id) })

/** What a person still lacks before he can be told anything; empty: nothing. */
export function lacking(p: Person): 'name' | 'roles' | 'phone' | 'id' | 'hours' | '' {
  if (!p.name.trim()) return 'name'
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(p.id)) return 'id'
  if (!p.roles.length) return 'roles'
  if (p.phone && !p.phone.includes('*') && !/^[0-9]{8,15}$/.test(p.phone)) return 'phone'
  if (Object.values(p.hours ?? {}).some((spans) => overlap(spans))) return 'hours'
  return ''
}

const minuteOf = (clock: string): number => {
  const [h, m] = clock.split(':').map(Number)
  return (h ?? 0) * 60 + (m ?? 0)
}
const clockOf = (minute: number): string => `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** A second part of a day to begin with: an hour after the first, for four hours, and before midnight if it can be. */
export function afterSpan(first: Span): Span {
  const from = minuteOf(first.to) + 60
  return { from: clockOf(from), to: clockOf(from + 240) }
}

/** Whether parts of one day lie over each other; one that runs past midnight ends the next day. */
export function overlap(spans: Span[]): boolean {
  const parts = spans.map((s) => ({ from: minuteOf(s.from), to: minuteOf(s.to) })).map((s) => (s.to <= s.from ? { from: s.from, to: s.to + 1440 } : s))
  parts.sort((a, b) => a.from - b.from)
  return parts.some((s, i) => i > 0 && s.from < (parts[i - 1]?.to ?? 0))
}

/** Digits as the roster wants them: an eleven-digit mobile number is from here. */
export function phoneDigits(typed: string): string {
  if (typed.includes('*')) return typed // the server hides it, and keeps it as it is
  const digits = typed.replace(/[^0-9]/g, '')
  return /^1[0-9]{10}$/.test(digits) ? '86' + digits : digits
}

export const isAway = (p: Person, nowMs: number): boolean => !!p.away_until && Date.parse(p.away_until) > nowMs

export function toggle<T>(list: T[], item: T): T[] {
  return list.includes(item) ? list.filter((x) => x !== item) : [...list, item]
}

/** A stage that would come too late or before the one ahead of it, by its place; -1: none. */
export function wrongStage(c: Chain, minutes: (d: string) => number): number {
  const round = minutes(c.round)
  return c.stages.findIndex((s, i) => {
    const m = minutes(s.delay)
    return !(m >= 0 && m < round) || (i > 0 && m <= minutes(c.stages[i - 1]?.delay ?? ''))
  })
}

/** Whether a way to people has shown within a week that it works. */
export const proved = (c: Channel, nowMs: number): boolean => !!c.proved_at && nowMs - Date.parse(c.proved_at) < 7 * 86_400_000

/** How an exercise went: who answered, the slowest of them, and who did not. */
export function drillSum(d: Drill): { answered: number; slowest: number | null; missed: string[] } {
  const seconds = d.persons.filter((p) => p.seconds !== null).map((p) => p.seconds as number)
  return { answered: seconds.length, slowest: seconds.length ? Math.max(...seconds) : null, missed: d.persons.filter((p) => p.seconds === null).map((p) => p.name) }
}
