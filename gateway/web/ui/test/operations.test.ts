import { describe, expect, it } from 'vitest'
import type { GatewayReport } from '../src/api/operations'
import { bytes, gatewaysWorstFirst, stepOf, troubleOf, truckSaid } from '../src/model/operations'

const g = (name: string, more: Partial<GatewayReport> = {}): GatewayReport => ({
  name, site: name, online: true, last_seen: '2026-11-23T04:00:00.000Z', offline_since: null, undelivered: 0, ...more,
})

describe('gateways', () => {
  it('come worst first: offline, fault, clock, backlog, never heard of, well', () => {
    const list = [
      g('well'), g('never', { last_seen: null, online: false }), g('backlog', { undelivered: 5000 }), g('skewed', { skew_s: 3 }),
      g('fault', { faults: ['disk'] }), g('offline', { online: false, undelivered: 3 }), g('offline-more', { online: false, undelivered: 9 }),
    ]
    expect(gatewaysWorstFirst(list).map((x) => x.name)).toEqual(['offline-more', 'offline', 'fault', 'skewed', 'backlog', 'never', 'well'])
  })
  it('are well with a little backlog and a clock that is nearly right', () => {
    expect(troubleOf(g('a', { undelivered: 20, backlog: 20, skew_s: 0.4, clock: 'ntp', held: 0 }))).toBe('none')
    expect(troubleOf(g('a', { clock: 'none' }))).toBe('clock')
    // behind by a record's way is nothing; ahead can only be the clock
    expect(troubleOf(g('a', { skew_s: -4 }))).toBe('none')
    expect(troubleOf(g('a', { skew_s: -11 }))).toBe('clock')
    expect(troubleOf(g('a', { skew_s: 2.5 }))).toBe('clock')
    expect(troubleOf(g('a', { held: 1, clock: 'rtc' }))).toBe('clock')
  })
})

it('a step of a clock is the difference of what it showed', () => {
  const step = (detail: Record<string, string>) => stepOf({ at: '', site: '', gateway: '', name: 'clock-step', detail })
  expect(step({ before: '2026-11-23T05:00:00Z', after: '2026-11-23T04:00:00.5Z' })).toBe(-3599.5)
  expect(step({})).toBeUndefined()
})

it('a driver is quoted in words', () => {
  const t = (key: string, values?: Record<string, unknown>) => key.replace(/^.*\./, '') + (values ? JSON.stringify(values) : '')
  expect(truckSaid({ empty: 'yes' }, t)).toBe('truckEmpty')
  expect(truckSaid({ phase: 'idle', inferred: 'idle' }, t)).toBe('truckPhase{"phase":"idle"}')
  expect(truckSaid({ phase: 'loading', inferred: 'idle', unready: '−6 °C', reason: '车要走了' }, t)).toBe(
    'truckPhase{"phase":"loading"}truckLooks{"phase":"idle"}truckUnready{"unready":"−6 °C","reason":"车要走了"}',
  )
  expect(truckSaid({}, t)).toBe('truck-said')
})

it('bytes are short', () => {
  expect([0, 999, 31_400, 2_360_000].map(bytes)).toEqual(['0 B', '999 B', '31 kB', '2.4 MB'])
})
