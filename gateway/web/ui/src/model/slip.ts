// The slip of a handover: which stay on a truck it ends, and its curve. Pure.

import type { Handover } from '../api/custody'
import type { Batch, Custody, Envelope } from '../api/types'

export interface Leg {
  zone: string
  from: number
  to: number
}

const slack = 10 * 60_000 // ms by which a booking and its handover may differ

/** The newest stay in a truck's box that had begun when the goods were handed over; without a handover, the newest. */
export function legOf(custody: Custody[], isBox: (zone: string) => boolean, handed: Handover | null, now: number): Leg | null {
  const at = handed ? Date.parse(handed.at) : now
  const stays = custody.filter((c) => c.zone && isBox(c.zone) && Date.parse(c.from) < at + slack)
  const last = stays[stays.length - 1]
  if (!last) return null
  const to = Math.min(last.to ? Date.parse(last.to) : now, handed ? Math.max(at, Date.parse(last.from)) : now)
  return { zone: last.zone, from: Date.parse(last.from), to }
}

/** The batches that lay in the box at some time of a ride. */
export const aboard = (batches: Batch[], leg: Leg): Batch[] =>
  batches.filter((b) => b.custody.some((c) => c.zone === leg.zone && Date.parse(c.from) < leg.to && (!c.to || Date.parse(c.to) > leg.from)))

export interface Curve {
  /** SVG paths in a box of width by height: what was between lowest and highest. */
  band: string
  line: string
  low: number
  high: number
  /** What the axis spans. */
  bottom: number
  top: number
}

/** The curve of an envelope; null where nothing was measured. A bucket without a value breaks it. */
export function curveOf(e: Envelope, limits: number[], width: number, height: number): Curve | null {
  const min = e.min ?? []
  const max = e.max ?? []
  const values = min.concat(max).filter((v): v is number => v !== null)
  if (!values.length) return null
  const low = Math.min(...values)
  const high = Math.max(...values)
  const bottom = Math.floor(Math.min(low, ...limits) - 1)
  const top = Math.ceil(Math.max(high, ...limits) + 1)
  const x = (i: number) => ((i + 0.5) / min.length) * width
  const y = (v: number) => height - ((v - bottom) / (top - bottom)) * height
  const p = (n: number) => n.toFixed(1)
  let band = ''
  let line = ''
  let run: number[] = []
  const end = () => {
    if (!run.length) return
    const at = (i: number, of: (number | null)[]) => p(x(i)) + ' ' + p(y(of[i] as number))
    band += 'M' + run.map((i) => at(i, max)).join('L') + 'L' + [...run].reverse().map((i) => at(i, min)).join('L') + 'Z'
    // One bucket alone is a short dash, and not nothing.
    const mid = (i: number) => y(((max[i] as number) + (min[i] as number)) / 2)
    line += run.length > 1 ? 'M' + run.map((i) => p(x(i)) + ' ' + p(mid(i))).join('L') : 'M' + p(x(run[0] as number) - 1) + ' ' + p(mid(run[0] as number)) + 'h2'
    run = []
  }
  for (let i = 0; i < min.length; i++) {
    if (typeof min[i] === 'number' && typeof max[i] === 'number') run.push(i)
    else end()
  }
  end()
  return { band, line, low, high, bottom, top }
}

/** Where a value stands in the box of a curve. */
export const levelOf = (c: Curve, v: number, height: number): number => height - ((v - c.bottom) / (c.top - c.bottom)) * height
