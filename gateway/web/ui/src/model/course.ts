// A batch's course over stores and trucks as one line: its readings stay by
// stay, and what happened on the way. Pure.

import type { Dossier, Exposure, Interval } from '../api/custody'
import type { Alarm, Limit } from '../api/types'
import type { Columns } from './series'

/** A stretch of the course in seconds, with the stay that it is of. */
export interface Part { from: number; to: number; stay: Interval }

export const seconds = (iso: string): number => Date.parse(iso) / 1000

/** From the first stay until the last one's end. */
export function spanOf(x: Exposure): [number, number] {
  const stays = x.intervals ?? []
  const from = Math.min(...stays.map((i) => seconds(i.from)))
  const to = Math.max(...stays.map((i) => seconds(i.to)))
  return [from, Math.max(to, from + 60)]
}

/** The watched stays of a window, cut to it. */
export function partsOf(x: Exposure, from: number, to: number): Part[] {
  const out: Part[] = []
  for (const stay of x.intervals ?? []) {
    const a = Math.max(from, seconds(stay.from))
    const b = Math.min(to, seconds(stay.to))
    if (stay.kind !== 'unmonitored' && stay.point && a < b) out.push({ from: a, to: b, stay })
  }
  return out
}

/**
 * The readings of stays one after the other. What lies outside its stay belongs
 * to other goods and is left out; between two stays is a null, so that no line
 * is drawn over the way from one probe to the next.
 */
export function joined(parts: { from: number; to: number; columns: Columns }[]): Columns {
  const out: Columns = { t: [], min: [], max: [], line: [], doubt: [] }
  const push = (t: number, lo: number | null, hi: number | null, v: number | null, doubt: string | null) => {
    const last = out.t[out.t.length - 1]
    if (last !== undefined && t <= last) return // stays of several parents overlap: the first one is drawn
    out.t.push(t)
    out.min.push(lo)
    out.max.push(hi)
    out.line.push(v)
    out.doubt.push(doubt)
  }
  for (const p of parts) {
    push(p.from, null, null, null, null)
    p.columns.t.forEach((t, i) => {
      if (t > p.from && t < p.to) push(t, p.columns.min[i] ?? null, p.columns.max[i] ?? null, p.columns.line[i] ?? null, p.columns.doubt[i] ?? null)
    })
    push(p.to, null, null, null, null)
  }
  return out
}

/** The limits that the exposure was judged by. */
export function limitsOf(x: Exposure): Limit[] {
  const out: Limit[] = []
  const { above, below } = x.total
  if (above) out.push({ side: 'high', level: 'excursion', value: above.limit_c, delay_s: 0 })
  if (below) out.push({ side: 'low', level: 'excursion', value: below.limit_c, delay_s: 0 })
  return out
}

/** Something that lasted: an alarm, or a run beyond a limit. */
export interface Bar { from: number; to: number; what: 'alarm' | 'over' | 'under'; serious: boolean; id?: string; limit?: number; peak?: number; zone: string }

export function barsOf(x: Exposure, alarms: Alarm[]): Bar[] {
  const out: Bar[] = []
  for (const i of x.intervals ?? []) {
    for (const [what, side] of [['over', i.summary.above], ['under', i.summary.below]] as const)
      for (const r of side?.runs ?? []) out.push({ from: seconds(r.from), to: seconds(r.to), what, serious: true, limit: side?.limit_c, peak: r.peak_c, zone: i.zone })
  }
  const end = seconds(x.as_of)
  for (const a of alarms) out.push({ from: seconds(a.start), to: a.returned ? seconds(a.returned) : end, what: 'alarm', serious: a.level === 'excursion', id: a.id, zone: a.zone })
  return out.sort((a, b) => a.from - b.from)
}

/** Something that somebody did. */
export interface Mark { at: number; what: 'handover' | 'verdict'; index: number }

/** Handovers and verdicts, oldest first; index is where they stand in the dossier. */
export function marksOf(d: Dossier): Mark[] {
  const out: Mark[] = []
  d.handovers.forEach((h, index) => out.push({ at: seconds(h.at), what: 'handover', index }))
  d.verdicts.forEach((v, index) => out.push({ at: seconds(v.at), what: 'verdict', index }))
  return out.sort((a, b) => a.at - b.at)
}

/** Where a stretch lies in a window, in per cent; null outside of it. */
export function placed(from: number, to: number, window: [number, number]): { left: number; width: number } | null {
  const [a, b] = window
  if (to < a || from > b) return null
  const left = (Math.max(from, a) - a) / (b - a)
  const right = (Math.min(to, b) - a) / (b - a)
  return { left: left * 100, width: (right - left) * 100 }
}
