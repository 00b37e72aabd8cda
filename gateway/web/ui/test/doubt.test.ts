import { describe, expect, it } from 'vitest'
import { quantities, reasons, type Envelope, type Point, type Quantity } from '../src/api/types'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { digitsOf, unitText } from '../src/model/format'
import { hasCourse, isDoubtful, switched } from '../src/model/judge'
import { columnsOfEnvelope, columnsOfReadings, doubts } from '../src/model/series'

const noon = Date.parse('2026-11-23T04:00:00Z')
const stale = 180_000
const at = (secondsAgo: number) => new Date(noon - secondsAgo * 1000).toISOString()

function point(quantity: Quantity, v: number | null, q: 'good' | 'uncertain' | 'bad' = 'good', reason?: string, secondsAgo = 5): Point {
  return { id: 's/z/' + quantity, zone: 's/z', quantity, unit: '', status: 'ok', received: at(5), reading: { t: at(secondsAgo), v, q, reason } }
}

describe('words', () => {
  it('name every quantity and every reason once, each differently', () => {
    for (const words of [zh, en]) {
      const texts = (o: Record<string, string>, keys: readonly string[]) => new Set(keys.map((k) => o[k]).filter(Boolean)).size
      expect(texts(words.quantity, quantities)).toBe(quantities.length)
      expect(texts(words.reason, reasons)).toBe(reasons.length)
    }
  })
  it('write units as people do', () => {
    expect([unitText('Cel'), unitText('V'), unitText('/')]).toEqual(['°C', 'V', ''])
    expect([digitsOf('V'), digitsOf('lon')]).toEqual([1, 4])
  })
})

describe('doubt', () => {
  it('is of a value that is there', () => {
    expect(isDoubtful(point('temperature', 3, 'uncertain', 'rate'))).toBe(true)
    expect(isDoubtful(point('temperature', 3))).toBe(false)
    expect(isDoubtful(point('temperature', null, 'bad', 'timeout'))).toBe(false)
    expect(isDoubtful(undefined)).toBe(false)
  })
  it('leaves a trend where the course of the values still holds', () => {
    expect(hasCourse(point('temperature', 3, 'uncertain', 'calibration-expired'))).toBe(true)
    expect(hasCourse(point('temperature', 3, 'uncertain', 'rate'))).toBe(false)
    expect(hasCourse(point('temperature', 3))).toBe(true)
  })
})

describe('a switch among several points', () => {
  it.each<[string, Point[], 'mains' | 'battery-ok' | 'door' | 'generator', boolean | null]>([
    ['one phase of three is missing', [point('mains', 1), point('mains', 0), point('mains', 1)], 'mains', false],
    ['one battery of two is weak', [point('battery-ok', 0), point('battery-ok', 1)], 'battery-ok', false],
    ['one door of two is open', [point('door', 0), point('door', 1)], 'door', true],
    ['of another kind', [point('generator', 0)], 'mains', null],
    ['too old', [point('mains', 0, 'good', undefined, 181)], 'mains', null],
    ['not read', [point('generator', null, 'bad', 'timeout')], 'generator', null],
  ])('%s', (_, points, q, want) => {
    expect(switched(points, q, noon, stale)?.on ?? null).toBe(want)
  })
  it('is in doubt only where nothing else says so', () => {
    const doubted = point('mains', 0, 'uncertain', 'status-unread')
    expect(switched([doubted, point('mains', 1)], 'mains', noon, stale)?.by).toBe(doubted)
    const sure = point('mains', 0)
    expect(switched([doubted, sure], 'mains', noon, stale)?.by).toBe(sure)
  })
})

describe('doubt in a history', () => {
  it('keeps the value and says why', () => {
    const c = columnsOfReadings(
      [
        { t: at(300), v: 1, q: 'good' },
        { t: at(240), v: 8, q: 'uncertain', reason: 'rate' },
        { t: at(180), v: 8.1, q: 'uncertain' },
        { t: at(120), v: null, q: 'bad', reason: 'timeout' },
        { t: at(60), v: 8.1, q: 'uncertain', reason: 'rate' },
        { t: at(0), v: 1, q: 'good' },
      ],
      stale,
    )
    expect(c.line).toEqual([1, 8, 8.1, null, 8.1, 1])
    expect(c.doubt).toEqual([null, 'rate', '', null, 'rate', null])
    const s = noon / 1000
    expect(doubts(c, 180)).toEqual([[s - 240, s - 60]])
    expect(doubts(c, 90)).toEqual([[s - 240, s - 180], [s - 60, s - 60]])
  })
  it('comes with an envelope', () => {
    const e: Envelope = { from: at(400), step_s: 100, min: [1, 2, null, 4], max: [1, 2, null, 4], mean: [1, 2, null, 4], doubts: [{ bucket: 1, reason: 'disagree' }] }
    expect(columnsOfEnvelope(e).doubt).toEqual([null, 'disagree', null, null])
    expect(doubts(columnsOfEnvelope(e), 150)).toEqual([[noon / 1000 - 250, noon / 1000 - 250]])
  })
})
