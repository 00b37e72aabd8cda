// A trip as a strip of what happened, one thing after the other. Pure.

import type { Booking, Carried, Stop, Trip } from '../api/trips'

/** A stop, or a time in which nobody knows where the truck was. */
export type Step =
  | { kind: 'stop'; at: number; stop: Stop; loaded: Carried[]; unloaded: Carried[] }
  | { kind: 'unseen'; at: number; from: string; to: string | undefined }
  | { kind: 'booked'; at: number; loaded: Carried[]; unloaded: Carried[] }

const ms = (iso: string) => Date.parse(iso)

/** Stops with what came and went there, times without a position, and bookings at no stop, in order. */
export function stepsOf(t: Trip): Step[] {
  const out: Step[] = t.stops.map((stop, i) => ({
    kind: 'stop', at: ms(stop.from), stop,
    loaded: t.goods.filter((g) => g.loaded?.stop === i), unloaded: t.goods.filter((g) => g.unloaded?.stop === i),
  }))
  for (const s of t.unseen) {
    // Of a stop it is said in the stop.
    if (!t.stops.some((x) => ms(x.from) <= ms(s.from) && ms(s.to ?? t.until) <= ms(x.to))) out.push({ kind: 'unseen', at: ms(s.from), from: s.from, to: s.to })
  }
  const elsewhere = new Map<number, { loaded: Carried[]; unloaded: Carried[] }>()
  const note = (b: Booking | null, g: Carried, what: 'loaded' | 'unloaded') => {
    if (!b || b.stop !== null) return
    const at = elsewhere.get(ms(b.at)) ?? { loaded: [], unloaded: [] }
    at[what].push(g)
    elsewhere.set(ms(b.at), at)
  }
  for (const g of t.goods) {
    note(g.loaded, g, 'loaded')
    note(g.unloaded, g, 'unloaded')
  }
  for (const [at, x] of elsewhere) out.push({ kind: 'booked', at, ...x })
  const order = { unseen: 0, stop: 1, booked: 2 }
  return out.sort((a, b) => a.at - b.at || order[a.kind] - order[b.kind])
}

/** A distance in kilometres, and whether it is all of it. */
export function kilometres(metres: number | null, unseen: boolean): { km: string; all: boolean } | null {
  return metres === null ? null : { km: (metres / 1000).toFixed(1), all: !unseen }
}
