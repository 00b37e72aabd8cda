import { describe, expect, it } from 'vitest'
import type { OperationsAnswer } from '../src/api/operations'
import type { Alarm, Point } from '../src/api/types'
import { deskEn, deskZh } from '../src/i18n/desk'
import { calendar, checksOf, daysLeft, groupOf, type Due } from '../src/model/desk'

const noon = Date.parse('2026-11-23T04:00:00Z')
const ago = (s: number) => new Date(noon - s * 1000).toISOString()

function report(over: Partial<OperationsAnswer> = {}): OperationsAnswer {
  const gateway = { name: 'gw', site: 's', online: true, last_seen: ago(5), offline_since: null, undelivered: 3, clock: 'ntp' }
  return {
    now: ago(0), health: 'ok', gateways: [gateway], sources: [], quarantine: [], gaps_from: ago(9), gaps: [], events: [],
    store: { kind: 'influxdb', ok: true }, backup: { at: ago(3600), where: '/b' },
    retention: { began: null, ended: null, oldest: null, readings: 0, rollups: 0, waiting: 0, frozen: 0, uncopied: 0 }, ...over,
  }
}
const channel = { name: 'sms', kind: 'sms', proved_at: ago(9), taken_7d: 5, failed_7d: 0, last_error: null }
const point = { status: 'unknown' } as Point
const alarm = (over: Partial<Alarm>) => ({ id: 'A', rule: 'high-limit', level: 'excursion', state: 'unacknowledged', acknowledged: null, ...over }) as Alarm
const line = (key: string, ...args: Parameters<typeof checksOf>) => checksOf(...args).find((c) => c.key === key)

describe("the county's morning", () => {
  it('is calm when nothing is wrong', () => {
    const all = checksOf(report(), [channel], [], [], noon)
    expect(all.map((c) => c.state)).toEqual(all.map(() => 'ok'))
  })
  const g = report().gateways[0] as OperationsAnswer['gateways'][0]
  it.each([
    ['silent', report({ gateways: [{ ...g, online: false }] }), [channel], [], [], 'nodata', '/operations'],
    ['silent', report(), [channel], [], [point], 'nodata', '/operations'],
    ['unanswered', report(), [channel], [alarm({})], [], 'act', '/alarms'],
    ['unanswered', report(), [channel], [alarm({ level: 'warning' })], [], 'attention', '/alarms'],
    ['unanswered', report(), [channel], [alarm({ acknowledged: { at: ago(1), by: 'x' } })], [], 'ok', '/alarms'],
    ['untold', report(), [{ ...channel, failed_7d: 2 }], [], [], 'attention', '/channels'],
    ['untold', report(), [{ ...channel, failed_7d: 2 }], [alarm({ rule: 'channel-fails' })], [], 'act', '/channels'],
    ['untold', report(), [], [], [], 'attention', '/channels'],
    ['untold', report(), null, [], [], 'nodata', '/channels'],
    ['clock', report({ gateways: [{ ...g, skew_s: 5 }] }), [channel], [], [], 'attention', '/operations'],
    ['clock', report({ gateways: [{ ...g, clock: 'none' }] }), [channel], [], [], 'attention', '/operations'],
    ['backlog', report({ gateways: [{ ...g, backlog: 5000 }] }), [channel], [], [], 'attention', '/operations'],
    ['disk', report(), [channel], [alarm({ id: 'D', rule: 'disk-filling' })], [], 'attention', '/alarms/D'],
    ['store', report({ store: { kind: 'influxdb', ok: false } }), [channel], [], [], 'act', '/operations'],
    ['store', report({ health: 'storing has not moved' }), [channel], [], [], 'act', '/operations'],
    ['backup', report({ backup: null }), [channel], [], [], 'attention', '/operations'],
    ['backup', report({ backup: { at: ago(40 * 3600), where: '/b' } }), [channel], [], [], 'attention', '/operations'],
  ] as const)('%s (%#)', (key, o, channels, alarms, points, state, to) => {
    expect(line(key, o, channels && [...channels], [...alarms], [...points], noon)).toMatchObject({ state, to })
  })
  it('every line has its sentence in both languages', () => {
    for (const o of [report(), report({ backup: null, gateways: [] })])
      for (const ch of [null, [], [channel], [{ ...channel, failed_7d: 1 }]])
        for (const c of checksOf(o, ch, [alarm({ rule: 'disk-filling' })], [point], noon)) {
          expect((deskZh.check[c.key] as Record<string, string>)[c.say], c.key + c.say).toBeTruthy()
          expect((deskEn.check[c.key] as Record<string, string>)[c.say], c.key + c.say).toBeTruthy()
        }
  })
})

describe('the calendar', () => {
  const due = (point: string, until: string | null): Due => ({ point, gateway: 'g', device: 'd', until })
  it.each([
    [null, 'unknown'],
    ['2026-11-23T03:59:59Z', 'over'],
    ['2026-11-23T04:00:01Z', 'soon'],
    ['2026-12-23T04:00:00Z', 'soon'],
    ['2026-12-24T04:00:00Z', 'later'],
  ])('%s is %s', (until, group) => expect(groupOf(due('p', until), noon)).toBe(group))
  it('counts whole days', () => {
    expect(daysLeft('2026-11-25T03:00:00Z', noon)).toBe(1)
    expect(daysLeft('2026-11-23T03:00:00Z', noon)).toBe(-1)
  })
  it("puts each into its month by the county's time, the earliest first, without a date last", () => {
    const months = calendar([due('c', null), due('b', '2027-01-31T16:30:00Z'), due('a', '2026-12-05T00:00:00Z'), due('d', '2027-01-03T00:00:00Z')], 'Asia/Shanghai')
    expect(months.map((m) => [m.month, m.dues.map((d) => d.point)])).toEqual([['2026-12', ['a']], ['2027-01', ['d']], ['2027-02', ['b']], ['', ['c']]])
  })
})

it('the words of the office are the same in both languages', () => {
  const flat = (o: object, path = ''): string[] =>
    Object.entries(o).reduce<string[]>((all, [k, v]) => all.concat(typeof v === 'string' ? path + k + (v.match(/\{\w+\}/g) ?? []).sort().join() : flat(v, path + k + '.')), [])
  expect(flat(deskEn)).toEqual(flat(deskZh))
})
