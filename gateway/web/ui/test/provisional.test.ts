import { describe, expect, it } from 'vitest'
import type { Gateway, Point, Provisional, Zone } from '../src/api/types'
import { provisionalOf, zoneState } from '../src/model/judge'

const noon = Date.parse('2026-11-23T04:00:00Z')
const stale = 180_000
const at = (secondsAgo: number) => new Date(noon - secondsAgo * 1000).toISOString()

const air = (readingAge: number): Point => ({
  id: 's/z/air', zone: 's/z', quantity: 'temperature', unit: 'Cel', status: 'unknown', received: at(readingAge),
  reading: { t: at(readingAge), v: -18, q: 'good' },
})
const zone = (p: Point): Zone => ({ id: 's/z', site: 's', kind: 'frozen', name: { zh: '', en: '' }, main: p.id, limits: {}, points: [p], spark: null, recent: null })
const box = (...provisional: Provisional[]): Gateway => ({ name: 'g', site: 's', online: true, last_seen: at(5), undelivered: 0, held: 9, provisional })
const held = (age: number, v: number | null = -17): Provisional => ({ point: 's/z/air', t: at(age), v, q: v === null ? 'bad' : 'good' })

describe('a value that a gateway without a clock shows', () => {
  it('is shown while it is fresh and newer than what was delivered', () => {
    expect(provisionalOf(box(held(20)), air(1800), noon, stale)?.v).toBe(-17)
    expect(provisionalOf(box(held(600)), air(1800), noon, stale)).toBeUndefined()
    expect(provisionalOf(box(held(20)), air(5), noon, stale)).toBeUndefined()
    expect(provisionalOf(box(), air(1800), noon, stale)).toBeUndefined()
    expect(provisionalOf(undefined, air(1800), noon, stale)).toBeUndefined()
  })
  it('is for people: it never makes a room all right, nor one that has data out of none', () => {
    expect(zoneState(zone(air(1800)), [], noon, stale, [], box(held(20)))).toBe('attention')
    expect(zoneState(zone(air(1800)), [], noon, stale, [], box(held(20, null)))).toBe('nodata')
    expect(zoneState(zone(air(1800)), [], noon, stale, [], box())).toBe('nodata')
  })
})
