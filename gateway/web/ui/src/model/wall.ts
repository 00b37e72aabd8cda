// The wall display: where things stand on it. Pure; the present time and the
// size of the screen are parameters.
import type { Point, Site, SiteKind } from '../api/types'
import { states, type State } from './judge'

/** Degrees, WGS 84. */
export interface Coordinate {
  latitude: number
  longitude: number
}

export interface Spot {
  x: number
  y: number
}

export interface Size {
  w: number
  h: number
}

export interface Box extends Spot, Size {}

/** Where a site stands by the configuration; null when that does not say. */
export const placeOf = (s: Pick<Site, 'latitude' | 'longitude'>): Coordinate | null =>
  s.latitude === null || s.longitude === null ? null : { latitude: s.latitude, longitude: s.longitude }

/** A truck's last position, as it was measured: nothing is reckoned on from it. */
export interface Fix extends Coordinate {
  at: number
}

// Latitude and longitude of one fix come in one block; a pair that is further apart is two half fixes.
const oneFix = 5000

/** The last position among some points; null when there is none that can be believed. */
export function fixOf(points: Point[]): Fix | null {
  const read = (q: 'latitude' | 'longitude') => points.find((p) => p.quantity === q && p.reading?.q === 'good' && p.reading.v !== null)?.reading
  const lat = read('latitude')
  const lon = read('longitude')
  if (!lat || !lon || lat.v === null || lon.v === null) return null
  const [a, b] = [Date.parse(lat.t), Date.parse(lon.t)]
  if (!(Math.abs(a - b) <= oneFix)) return null
  return { latitude: lat.v, longitude: lon.v, at: Math.min(a, b) }
}

/** A site's state is its worst zone's; of one without zones nobody knows. */
export const worstOf = (all: State[]): State => states.find((s) => all.includes(s)) ?? 'nodata'

export type Project = (c: Coordinate) => Spot & { outside: boolean }

/**
 * Fits coordinates into a box, north up, both directions in one scale: a county
 * is small enough for that. What lies outside is put on the edge and says so.
 * null when fewer than two places differ: then there is nothing to fit.
 */
export function projection(all: Coordinate[], size: Size, pad: number): Project | null {
  if (all.length < 2) return null
  const range = (of: (c: Coordinate) => number) => [Math.min(...all.map(of)), Math.max(...all.map(of))] as [number, number]
  const [south, north] = range((c) => c.latitude)
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const [west, east] = range((c) => c.longitude * narrow)
  const room = { w: Math.max(1, size.w - 2 * pad), h: Math.max(1, size.h - 2 * pad) }
  const scale = Math.min(room.w / (east - west), room.h / (north - south))
  if (!Number.isFinite(scale)) return null
  const left = pad + (room.w - (east - west) * scale) / 2
  const top = pad + (room.h - (north - south) * scale) / 2
  const within = (v: number, most: number) => Math.min(most - pad / 2, Math.max(pad / 2, v))
  return (c) => {
    const x = left + (c.longitude * narrow - west) * scale
    const y = top + (north - c.latitude) * scale
    const spot = { x: within(x, size.w), y: within(y, size.h) }
    return { ...spot, outside: spot.x !== x || spot.y !== y }
  }
}

/** The middles of n cells of a grid that fills a box, row by row. */
export function grid(n: number, size: Size): Spot[] {
  if (n < 1) return []
  const columns = Math.min(n, Math.max(1, Math.ceil(Math.sqrt((n * size.w) / Math.max(1, size.h) / 1.8))))
  const rows = Math.ceil(n / columns)
  return Array.from({ length: n }, (_, i) => ({
    x: (((i % columns) + 0.5) * size.w) / columns,
    y: ((Math.floor(i / columns) + 0.5) * size.h) / rows,
  }))
}

/** The corners around some spots, for a ground to lie under them (Andrew's monotone chain). */
export function hull(spots: Spot[]): Spot[] {
  const sorted = [...spots].sort((a, b) => a.x - b.x || a.y - b.y)
  const side = (list: Spot[]) => {
    const out: Spot[] = []
    for (const p of list) {
      while (out.length > 1) {
        const [a, b] = [out[out.length - 2] as Spot, out[out.length - 1] as Spot]
        if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0) break
        out.pop()
      }
      out.push(p)
    }
    return out.slice(0, -1)
  }
  return sorted.length < 3 ? sorted : side(sorted).concat(side(sorted.reverse()))
}

/** Something on the map before its words are placed. */
export interface Marker extends Spot {
  id: string
  kind: SiteKind
  state: State
  /** Half the width of the sign. */
  r: number
  /** Its words, one under the other; none: it speaks by shape and colour. */
  lines: string[]
}

export interface Labelled extends Marker {
  /** Where its words are; null when there was no room for them. */
  label: Box | null
}

/** How wide a text is about, in heights of its letters: 汉字 are square. */
export const widthOf = (text: string): number => Array.from(text).reduce((w, c) => w + (c > '\u2e7f' ? 1 : 0.6), 0)

const meet = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
const signOf = (m: Marker): Box => ({ x: m.x - m.r, y: m.y - m.r, w: 2 * m.r, h: 2 * m.r })

/**
 * Gives every marker's words a place beside it where they cover no other words and no
 * sign but, for want of room, a quiet one; who needs somebody chooses first. Words that find no place are
 * left out: the sign keeps its shape, and what is wrong stands in the list.
 */
export function label(markers: Marker[], size: Size, letter: number): Labelled[] {
  const urgency = (m: Marker) => states.indexOf(m.state) * 2 + (m.kind === 'village-station' ? 1 : 0)
  const signs = markers.map(signOf)
  const taken: Box[] = []
  const boxes = new Map<Marker, Box>()
  for (const m of [...markers].sort((a, b) => urgency(a) - urgency(b) || (a.id < b.id ? -1 : 1))) {
    if (!m.lines.length) continue
    const w = Math.max(...m.lines.map(widthOf)) * letter
    const h = m.lines.length * letter * 1.2
    const gap = letter * 0.25
    const [right, left, above, below] = [m.x + m.r + gap, m.x - m.r - gap - w, m.y - m.r - gap / 2 - h, m.y + m.r + gap / 2]
    const middle = { x: m.x - w / 2, y: m.y - h / 2 }
    const tries: Spot[] = [
      { x: right, y: middle.y }, { x: left, y: middle.y }, { x: middle.x, y: below }, { x: middle.x, y: above },
      { x: right, y: above }, { x: right, y: below }, { x: left, y: above }, { x: left, y: below },
      { x: middle.x - w / 3, y: below }, { x: middle.x + w / 3, y: below }, { x: middle.x - w / 3, y: above }, { x: middle.x + w / 3, y: above },
    ]
    const within = (b: Box) => b.x >= 0 && b.y >= 0 && b.x + b.w <= size.w && b.y + b.h <= size.h && !taken.some((other) => meet(b, other))
    const covers = (b: Box, hides: (o: Marker) => boolean) => signs.some((s, i) => markers[i] !== m && hides(markers[i] as Marker) && meet(b, s))
    const free = tries.map((s) => ({ ...s, w, h })).filter(within)
    // A town's or a truck's words may lie over a village that has nothing to say.
    const box = free.find((b) => !covers(b, () => true)) ?? (m.kind === 'village-station' ? undefined : free.find((b) => !covers(b, (o) => o.lines.length > 0)))
    if (!box) continue
    taken.push(box)
    boxes.set(m, box)
  }
  return markers.map((m) => ({ ...m, label: boxes.get(m) ?? null }))
}

/** Moves a sign off those that are there, in ever wider rings, so that a truck in a yard hides nothing. */
export function beside(at: Spot, r: number, there: { x: number; y: number; r: number }[], size: Size): Spot {
  const free = (s: Spot) => there.every((o) => Math.hypot(o.x - s.x, o.y - s.y) >= o.r + r) && s.x >= r && s.y >= r && s.x <= size.w - r && s.y <= size.h - r
  for (let ring = 0; ring < 6; ring++)
    for (let turn = 0; turn < (ring ? 8 : 1); turn++) {
      const angle = (turn * Math.PI) / 4 - Math.PI / 2
      const s = { x: at.x + Math.cos(angle) * ring * r * 1.5, y: at.y + Math.sin(angle) * ring * r * 1.5 }
      if (free(s)) return s
    }
  return at
}

/**
 * Where the picture stands so that no line burns into a screen: one step a
 * minute, to and fro over a square, back at its beginning after 98 minutes.
 */
export function shiftAt(nowMs: number, step: number): Spot {
  const side = 7
  const once = side * side
  const n = Math.floor(nowMs / 60_000) % (2 * once)
  const i = n < once ? n : 2 * once - 1 - n
  const row = Math.floor(i / side)
  const column = row % 2 ? side - 1 - (i % side) : i % side
  const middle = (side - 1) / 2
  return { x: (column - middle) * step, y: (row - middle) * step }
}

/** Array.flatMap, which the oldest of our browsers do not know. */
export const each = <A, B>(list: A[], of: (a: A, i: number) => B[]): B[] => list.reduce<B[]>((all, a, i) => all.concat(of(a, i)), [])
