// What a zone's state is and which one needs a person first. Pure: data and
// the present time in, words out.

import type { Alarm, Gateway, Limit, Point, Provisional, Quantity, Switch, Zone } from '../api/types'

/** 快去看, 要注意, 无数据, 正常: worst first. 不用: nothing lies there that limits could protect. */
export type State = 'act' | 'attention' | 'nodata' | 'ok' | 'rest'

export const states: State[] = ['act', 'attention', 'nodata', 'ok', 'rest']

/** Whether limits of goods do not hold in a zone now. */
export const isResting = (z: Zone): boolean => z.limits_state !== undefined && z.limits_state !== 'armed'

/** Milliseconds since a time, or Infinity when there is none. */
export const since = (t: string | null | undefined, nowMs: number): number => (t ? nowMs - Date.parse(t) : Infinity)

/** Whether a point's newest reading is too old, or says that there is no value. */
export function isStale(p: Point, nowMs: number, staleMs: number): boolean {
  return p.status === 'unknown' || since(p.reading?.t, nowMs) > staleMs
}

/** Whether a point shows a value that the edge or the device itself does not fully believe. */
export const isDoubtful = (p: Point | undefined): boolean => p?.reading?.q === 'uncertain' && p.reading.v !== null

/**
 * What a gateway without a clock shows of a point that it may not deliver yet,
 * while that is fresh and newer than what it has delivered.
 */
export function provisionalOf(g: Gateway | null | undefined, p: Point | undefined, nowMs: number, staleMs: number): Provisional | undefined {
  const shown = p && g?.provisional?.find((x) => x.point === p.id)
  if (!shown || since(shown.t, nowMs) > staleMs) return undefined
  return since(shown.t, nowMs) < since(p?.reading?.t, nowMs) ? shown : undefined
}

// Their course through time says nothing; an expired calibration's still does.
const courseless = ['flat-line', 'rate', 'swapped', 'neighbour-value']

/** Whether a trend may be told from a point's values. */
export const hasCourse = (p: Point | undefined): boolean => !isDoubtful(p) || !courseless.includes(p?.reading?.reason ?? '')

export const isPresent = (a: Alarm): boolean => a.state === 'unacknowledged' || a.state === 'acknowledged'
export const isSilence = (a: Alarm): boolean => a.rule === 'silence' || a.rule === 'site-silent' || a.rule === 'sensor-fault'

export const mainPoint = (z: Zone): Point | undefined => z.points.find((p) => p.id === z.main)
export const pointsOf = (z: Zone, q: Quantity): Point[] => z.points.filter((p) => p.quantity === q)

export interface Band {
  low: number | null
  high: number | null
}

/** Where nothing is wrong, and beyond which an excursion begins. */
export interface Bands {
  safe: Band
  serious: Band
}

export const bandsOf = (limits: Limit[] | undefined): Bands => ({
  safe: safeBand(limits),
  serious: safeBand(limits?.filter((l) => l.level === 'excursion' && !l.within_s)),
})

/** The strictest limits of either side: between them nothing is wrong. */
export function safeBand(limits: Limit[] | undefined): Band {
  let low: number | null = null
  let high: number | null = null
  for (const l of limits ?? []) {
    if (l.side === 'low') low = low === null ? l.value : Math.max(low, l.value)
    else high = high === null ? l.value : Math.min(high, l.value)
  }
  return { low, high }
}

/** How far a value lies outside the band: positive above, negative below, 0 inside. */
export function beyond(v: number, band: Band): number {
  if (band.high !== null && v > band.high) return v - band.high
  if (band.low !== null && v < band.low) return v - band.low
  return 0
}

/**
 * How far a value lies outside, measured from the limit people are being told
 * about: the alarm's, else the excursion's, else the strictest.
 */
export function excess(v: number, limits: Limit[] | undefined, alarms: Alarm[]): number {
  const alarm = alarms.find((a) => isPresent(a) && a.limit !== null && (a.rule === 'high-limit' || a.rule === 'low-limit'))
  if (alarm && alarm.limit !== null) {
    const far = v - alarm.limit
    if (alarm.rule === 'high-limit' ? far > 0 : far < 0) return far
  }
  const { safe, serious } = bandsOf(limits)
  return beyond(v, serious) || beyond(v, safe)
}

/** A kind of switch among some points, as far as it is freshly known. */
export interface Switched {
  on: boolean
  /** A point that says so; a doubtful one only where no other does. */
  by: Point
}

/**
 * Whether a switch is on, or null when nothing fresh tells. One missing phase
 * is a cut and one weak battery is weak; one open door is open.
 */
export function switched(points: Point[], q: Switch, nowMs: number, staleMs: number): Switched | null {
  const fresh = points.filter((p) => p.quantity === q && !isStale(p, nowMs, staleMs) && typeof p.reading?.v === 'number')
  const telling = q === 'mains' || q === 'battery-ok' ? 0 : 1
  const told = fresh.filter((p) => p.reading?.v === telling)
  const say = told.length ? told : fresh
  const by = say.find((p) => !isDoubtful(p)) ?? say[0]
  return by ? { on: by.reading?.v === 1, by } : null
}

/** Whether a supply, or one phase of it, is freshly known to be gone. */
export const mainsLost = (supply: Point[], nowMs: number, staleMs: number): boolean => switched(supply, 'mains', nowMs, staleMs)?.on === false

/**
 * The state of one zone. An alarm that is present keeps its word when the data
 * stops: silence never makes a zone look better. A main value in doubt is no
 * proof that all is well, and neither is a provisional one. alarms are those of
 * the zone, supply the points of the supply it hangs on, its own and its site's.
 */
export function zoneState(z: Zone, alarms: Alarm[], nowMs: number, staleMs: number, supply: Point[] = pointsOf(z, 'mains'), gateway?: Gateway | null): State {
  const limits = alarms.filter((a) => !isSilence(a))
  if (limits.some((a) => isPresent(a) && a.level === 'excursion')) return 'act'
  if (limits.some((a) => isPresent(a) || a.open)) return 'attention'
  if (mainsLost(supply, nowMs, staleMs)) return 'attention'
  if (switched(z.points, 'battery-ok', nowMs, staleMs)?.on === false) return 'attention'
  if (isResting(z)) return 'rest'

  const main = mainPoint(z)
  const judged = main ? [main] : z.points
  const held = judged.map((p) => provisionalOf(gateway, p, nowMs, staleMs))
  if (held.some((h) => h && h.v !== null)) return 'attention'
  const dark = (p: Point) => isStale(p, nowMs, staleMs) || p.reading?.q === 'bad'
  if (judged.length === 0 || judged.every(dark)) return 'nodata'
  // A door that is open or a defrost that runs is no trouble before it has lasted: then it is an alarm.
  const passing = (p: Point) => p.quantity === 'door' || p.quantity === 'defrost'
  if (z.points.some((p) => p.status === 'out' && !passing(p) && !isStale(p, nowMs, staleMs))) return 'attention'
  if (isDoubtful(main)) return 'attention'
  const v = main?.reading?.v
  if (main && v !== null && v !== undefined && beyond(v, safeBand(z.limits[main.quantity])) !== 0) return 'attention'
  return 'ok'
}

/** What is needed to put a zone in its place. */
export interface Ranked {
  state: State
  /** How far the value lies outside, in its unit; 0 inside or without value. */
  beyond: number
  /** Place in the configuration: what is all right stays where people know it. */
  order: number
}

/** Worst first; among those not all right, the farther outside first. */
export function worstFirst(a: Ranked, b: Ranked): number {
  const byState = states.indexOf(a.state) - states.indexOf(b.state)
  if (byState !== 0) return byState
  if (a.state !== 'ok') {
    const byDistance = Math.abs(b.beyond) - Math.abs(a.beyond)
    if (byDistance !== 0) return byDistance
  }
  return a.order - b.order
}

/** Alarms: present before returned, unanswered before answered, serious before mild, then newest first. */
export function alarmOrder(a: Alarm, b: Alarm): number {
  const rank = (x: Alarm) =>
    (x.open ? 0 : 16) + (isPresent(x) ? 0 : 8) + (isSilence(x) ? 4 : 0) + (x.level === 'excursion' ? 0 : 2) + (x.acknowledged ? 1 : 0)
  return rank(a) - rank(b) || Date.parse(b.start) - Date.parse(a.start)
}
