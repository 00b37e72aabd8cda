// The file of a logger that travelled with a batch: for which time it counts, and
// how it is drawn. Pure.

import type { Exposure, Stay } from '../api/custody'
import type { Columns } from './series'

/** A stretch for which a file can count: a stay, the way after the last one, or all of it. */
export interface Stretch { key: string; stay: number; from: string; to: string; watched: boolean }

/** What can be chosen, first what nothing watched. */
export function stretchesOf(stays: Stay[]): Stretch[] {
  const out: Stretch[] = stays.map((s, i) => ({ key: String(i), stay: i, from: s.from, to: s.to ?? '', watched: s.zone !== '' }))
  const last = stays[stays.length - 1]
  if (last?.to) out.push({ key: 'after', stay: -1, from: last.to, to: '', watched: false })
  out.sort((a, b) => Number(a.watched) - Number(b.watched) || Date.parse(b.from) - Date.parse(a.from))
  out.push({ key: 'all', stay: -1, from: '', to: '', watched: true })
  return out
}

/** The files that an exposure names, each once. */
export function logsOf(x: Exposure): { batch: string; number: number }[] {
  const out: { batch: string; number: number }[] = []
  for (const i of x.intervals ?? [])
    for (const l of i.imported ?? []) if (!out.some((o) => o.batch === l.batch && o.number === l.number)) out.push({ batch: l.batch, number: l.number })
  return out
}

/** Stretches of values that follow each other, to be drawn as one line: [seconds, lowest, mean, highest]. */
export function runsOf(c: Columns): [number, number, number, number][][] {
  const out: [number, number, number, number][][] = []
  let run: [number, number, number, number][] = []
  c.t.forEach((t, i) => {
    const [lo, v, hi] = [c.min[i], c.line[i], c.max[i]]
    if (typeof lo === 'number' && typeof v === 'number' && typeof hi === 'number') run.push([t, lo, v, hi])
    else if (run.length) {
      out.push(run)
      run = []
    }
  })
  if (run.length) out.push(run)
  return out
}
