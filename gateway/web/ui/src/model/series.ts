// Runs of values over time, with gaps that stay gaps. Pure.

import type { Envelope, Reading } from '../api/types'

/** Equal buckets in milliseconds; null is a bucket without a value. */
export interface Buckets {
  from: number
  step: number
  min: (number | null)[]
  max: (number | null)[]
}

export function bucketsOf(e: Envelope): Buckets {
  return { from: Date.parse(e.from), step: e.step_s * 1000, min: [...(e.min ?? [])], max: [...(e.max ?? [])] }
}

/** Adds a live value: its bucket widens, and the run moves on when time has. */
export function extend(b: Buckets, t: number, v: number): void {
  const n = b.min.length
  if (n === 0 || t < b.from) return
  let i = Math.floor((t - b.from) / b.step)
  if (i >= n) {
    const shift = Math.min(i - n + 1, n)
    for (let k = 0; k < shift; k++) {
      b.min.shift()
      b.max.shift()
      b.min.push(null)
      b.max.push(null)
    }
    b.from += (i - n + 1) * b.step
    i = n - 1
  }
  const low = b.min[i] ?? null
  const high = b.max[i] ?? null
  b.min[i] = low === null ? v : Math.min(low, v)
  b.max[i] = high === null ? v : Math.max(high, v)
}

export type Sample = [ms: number, value: number]

/** The middle of each minute of a recent run that has a value. */
export function samplesOf(e: Envelope): Sample[] {
  const from = Date.parse(e.from)
  const out: Sample[] = []
  ;(e.mean ?? []).forEach((v, i) => {
    if (v !== null) out.push([from + (i + 0.5) * e.step_s * 1000, v])
  })
  return out
}

export const trendWindow = 15 * 60_000

/** Where a value is going: change per hour and a word, or null when too little is known. */
export interface Trend {
  perHour: number
  direction: 'up' | 'down' | 'steady'
}

/**
 * The slope of the last quarter of an hour by least squares. It needs samples
 * over at least eight minutes and none older than staleMs, so that an arrow
 * never points from old values.
 */
export function trend(samples: Sample[], nowMs: number, staleMs: number): Trend | null {
  const used = samples.filter(([t]) => nowMs - t <= trendWindow + 60_000)
  const first = used[0]
  const last = used[used.length - 1]
  if (!first || !last || used.length < 4 || last[0] - first[0] < 8 * 60_000 || nowMs - last[0] > staleMs) return null
  let st = 0
  let sv = 0
  for (const [t, v] of used) {
    st += t - first[0]
    sv += v
  }
  const mt = st / used.length
  const mv = sv / used.length
  let num = 0
  let den = 0
  for (const [t, v] of used) {
    num += (t - first[0] - mt) * (v - mv)
    den += (t - first[0] - mt) ** 2
  }
  const perHour = (num / den) * 3600_000
  // Less than 0.3 °C in a quarter of an hour is a compressor at its work.
  const direction = Math.abs(perHour) < 1.2 ? 'steady' : perHour > 0 ? 'up' : 'down'
  return { perHour, direction }
}

/** Columns for a chart: seconds, lowest, highest, line. */
export interface Columns {
  t: number[]
  min: (number | null)[]
  max: (number | null)[]
  line: (number | null)[]
  /** Why a value is in doubt, "" without a reason; null where it is not. */
  doubt: (string | null)[]
}

/** An envelope as columns, each bucket at its middle. */
export function columnsOfEnvelope(e: Envelope): Columns {
  const from = Date.parse(e.from) / 1000
  const n = e.mean?.length ?? 0
  const t: number[] = []
  for (let i = 0; i < n; i++) t.push(from + (i + 0.5) * e.step_s)
  const doubt: (string | null)[] = t.map(() => null)
  for (const d of e.doubts ?? []) if (d.bucket < n) doubt[d.bucket] = d.reason
  return { t, min: e.min ?? [], max: e.max ?? [], line: e.mean ?? [], doubt }
}

/**
 * Raw readings as columns. A bad reading is null, and between readings farther
 * apart than gapMs a null is put, so that no line is drawn over what nobody
 * measured.
 */
export function columnsOfReadings(readings: Reading[], gapMs: number): Columns {
  const out: Columns = { t: [], min: [], max: [], line: [], doubt: [] }
  const push = (ms: number, v: number | null, doubt: string | null = null) => {
    out.t.push(ms / 1000)
    out.doubt.push(doubt)
    out.min.push(v)
    out.max.push(v)
    out.line.push(v)
  }
  let before: number | null = null
  for (const r of readings) {
    const ms = Date.parse(r.t)
    if (before !== null && ms - before > gapMs) {
      push(before + 1, null)
      push(ms - 1, null)
    }
    push(ms, r.v, r.q === 'uncertain' ? (r.reason ?? '') : null)
    before = ms
  }
  return out
}

/** Stretches in which every value is in doubt, as [from, to] in seconds; a gap of gapS ends one. */
export function doubts(c: Columns, gapS: number): [number, number][] {
  const out: [number, number][] = []
  let open = false
  c.t.forEach((t, i) => {
    if ((c.line[i] ?? null) === null) return // a gap's end is told by the time
    const last = out[out.length - 1]
    if (c.doubt[i] === null || c.doubt[i] === undefined) open = false
    else if (open && last && t - last[1] <= gapS) last[1] = t
    else {
      out.push([t, t])
      open = true
    }
  })
  return out
}

/** Stretches without a value, as [from, to] in seconds, at least minS long. */
export function gaps(c: Columns, from: number, to: number, minS: number): [number, number][] {
  const out: [number, number][] = []
  let last = from
  c.t.forEach((t, i) => {
    if (c.line[i] === null || c.line[i] === undefined) return
    if (t - last > minS) out.push([last, t])
    last = t
  })
  if (to - last > minS) out.push([last, to])
  return out
}
