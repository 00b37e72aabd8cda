import { describe, expect, it } from 'vitest'
import type { Alarm, Envelope, Point, Zone } from '../src/api/types'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { age, clock, longSpan, moment, number, plain, span } from '../src/model/format'
import { alarmOrder, beyond, excess, safeBand, worstFirst, zoneState, type Ranked } from '../src/model/judge'
import { headline, watermark } from '../src/model/watermark'
import { columnsOfEnvelope, columnsOfReadings, extend, gaps, samplesOf, trend, type Sample } from '../src/model/series'

const noon = Date.parse('2026-11-23T04:00:00Z') // 12:00 in Shanghai
const stale = 180_000
const at = (secondsAgo: number) => new Date(noon - secondsAgo * 1000).toISOString()

describe('the age of a value', () => {
  it.each([
    [-5, '刚刚', 'just now'],
    [0.4, '刚刚', 'just now'],
    [12.9, '12 秒前', '12 s ago'],
    [59.9, '59 秒前', '59 s ago'],
    [60, '1 分钟前', '1 min ago'],
    [3599, '59 分钟前', '59 min ago'],
    [3600, '1 小时前', '1 h ago'],
    [47 * 3600, '47 小时前', '47 h ago'],
    [48 * 3600, '2 天前', '2 days ago'],
  ])('%d s is %s', (s, chinese, english) => {
    expect(age(s, 'zh')).toBe(chinese)
    expect(age(s, 'en')).toBe(english)
  })
  it('names lengths of time', () => {
    expect(span(-3, 'zh')).toBe('0 秒')
    expect(longSpan(59 * 60, 'zh')).toBe('59 分钟')
    expect(longSpan(3600 * 3 + 60 * 7, 'zh')).toBe('3 小时 7 分')
    expect(longSpan(3600 * 25, 'en')).toBe('1 d 1 h')
    expect(longSpan(3600 * 2, 'en')).toBe('2 h')
  })
})

describe('numbers and times', () => {
  it('writes a true minus and no minus zero', () => {
    expect(number(-18.04)).toBe('−18.0')
    expect(number(-0.04)).toBe('0.0')
    expect(plain(-0.5)).toBe('−0.5')
    expect(plain(7)).toBe('7')
  })
  it('shows times in the county, not in the browser', () => {
    expect(clock(noon, 'zh', 'Asia/Shanghai')).toBe('12:00')
    expect(moment(noon - 3600_000, noon, 'zh', 'Asia/Shanghai')).toBe('11:00')
    expect(moment(noon - 86400_000, noon, 'zh', 'Asia/Shanghai')).toContain('22')
    expect(moment(NaN, noon, 'zh', 'Asia/Shanghai')).toBe('—')
  })
})

function point(over: Partial<Point> = {}): Point {
  const id = over.id ?? 's/z/air'
  return {
    id, zone: 's/z', quantity: 'temperature', unit: 'Cel', status: 'ok', received: at(10),
    reading: { t: at(12), v: 3, q: 'good' }, ...over,
  }
}

function zone(points: Point[] = [point()], over: Partial<Zone> = {}): Zone {
  return {
    id: 's/z', site: 's', kind: 'chilled', name: { zh: '羊肉库', en: 'Mutton' }, main: 's/z/air', points, spark: null, recent: null,
    limits: { temperature: [{ side: 'high', level: 'warning', value: 4, delay_s: 900 }, { side: 'high', level: 'excursion', value: 5, delay_s: 1800 }, { side: 'low', level: 'excursion', value: -1, delay_s: 900 }] },
    ...over,
  }
}

function alarm(over: Partial<Alarm> = {}): Alarm {
  return {
    id: '1', rule: 'high-limit', object: 's/z/air', site: 's', zone: 's/z', level: 'excursion', class: 'live', state: 'unacknowledged',
    open: true, start: at(3600), raised: at(1800), returned: null, last_seen: at(10), limit: 5, delay_s: 1800, peak: 8, last_value: 8,
    batches: [], acknowledged: null, left: null, ...over,
  }
}

describe('the state of a zone', () => {
  const now = noon
  const mains = (v: number) => point({ id: 's/z/mains', quantity: 'mains', reading: { t: at(5), v, q: 'good' } })
  it.each<[string, Zone, Alarm[], string]>([
    ['inside its limits', zone(), [], 'ok'],
    ['an excursion alarm', zone(), [alarm()], 'act'],
    ['an acknowledged one is still there', zone(), [alarm({ state: 'acknowledged' })], 'act'],
    ['an alarm whose data stopped keeps its word', zone([point({ status: 'unknown', reading: { t: at(7200), v: 8, q: 'good' } })]), [alarm()], 'act'],
    ['a warning', zone(), [alarm({ level: 'warning' })], 'attention'],
    ['over but not answered', zone(), [alarm({ state: 'returned-unacknowledged', returned: at(60) })], 'attention'],
    ['beyond a limit, delay not yet passed', zone([point({ reading: { t: at(5), v: 4.2, q: 'good' } })]), [], 'attention'],
    ['below the lower limit', zone([point({ reading: { t: at(5), v: -1.5, q: 'good' } })]), [], 'attention'],
    ['exactly at the limit', zone([point({ reading: { t: at(5), v: 4, q: 'good' } })]), [], 'ok'],
    ['a power cut', zone([point(), mains(0)]), [], 'attention'],
    ['power is there', zone([point(), mains(1)]), [], 'ok'],
    ['an old value is no value', zone([point({ reading: { t: at(181), v: 3, q: 'good' } })]), [], 'nodata'],
    ['an old value out of limits is not present either', zone([point({ status: 'out', reading: { t: at(181), v: 9, q: 'good' } })]), [], 'nodata'],
    ['a failed read', zone([point({ status: 'fault', reading: { t: at(5), v: null, q: 'bad', reason: 'timeout' } })]), [], 'nodata'],
    ['never heard of', zone([point({ status: 'unknown', reading: null })]), [], 'nodata'],
    ['a silence alarm', zone([point({ status: 'unknown', reading: null })]), [alarm({ rule: 'silence', limit: null })], 'nodata'],
    ['a defrost that runs is no alarm yet', zone([point(), point({ id: 's/z/defrost', quantity: 'defrost', status: 'out' })]), [], 'ok'],
    ['another probe of the room is out', zone([point(), point({ id: 's/z/core', status: 'out' })]), [], 'attention'],
    ['a place with power only', zone([mains(1)], { main: undefined, kind: 'technical' }), [], 'ok'],
    ['the same without power', zone([mains(0)], { main: undefined, kind: 'technical' }), [], 'attention'],
    ['a value in doubt inside its limits', zone([point({ reading: { t: at(5), v: 3, q: 'uncertain', reason: 'rate' } })]), [], 'attention'],
    ['an old value in doubt is no value', zone([point({ reading: { t: at(181), v: 3, q: 'uncertain', reason: 'rate' } })]), [], 'nodata'],
    ['humidity in doubt is only marked', zone([point(), point({ id: 's/z/h', quantity: 'humidity', reading: { t: at(5), v: 80, q: 'uncertain', reason: 'status-unread' } })]), [], 'ok'],
    ['a weak battery', zone([mains(1), point({ id: 's/z/b', quantity: 'battery-ok', reading: { t: at(5), v: 0, q: 'good' } })], { main: undefined, kind: 'technical' }), [], 'attention'],
    ['a generator at rest is no cut', zone([mains(1), point({ id: 's/z/g', quantity: 'generator', reading: { t: at(5), v: 0, q: 'good' } })], { main: undefined, kind: 'technical' }), [], 'ok'],
    ['a running generator does not end the cut', zone([mains(0), point({ id: 's/z/g', quantity: 'generator', reading: { t: at(5), v: 1, q: 'good' } })], { main: undefined, kind: 'technical' }), [], 'attention'],
    ['out of use, warm', zone([point({ status: 'ok', reading: { t: at(5), v: 19, q: 'good' } })], { limits_state: 'out-of-service' }), [], 'rest'],
    ['an empty truck without data', zone([point({ status: 'unknown', reading: null })], { limits_state: 'suppressed' }), [], 'rest'],
    ['out of use with goods in it', zone([point({ status: 'out', reading: { t: at(5), v: 9, q: 'good' } })], { limits_state: 'armed' }), [], 'attention'],
    ['out of use, and something is present', zone([point()], { limits_state: 'suppressed' }), [alarm({ rule: 'off-with-goods', level: 'excursion', limit: null })], 'act'],
    ['a zone without points', zone([], { main: undefined }), [], 'nodata'],
  ])('%s', (_, z, alarms, want) => {
    expect(zoneState(z, alarms, now, stale)).toBe(want)
  })
})

describe('a power cut at the site', () => {
  const supply = (v: number, ago = 5) => [point({ id: 's/site/mains', zone: 's/site', quantity: 'mains', reading: { t: at(ago), v, q: 'good' } })]
  it('is felt in its rooms, as long as it is news', () => {
    expect(zoneState(zone(), [], noon, stale, supply(0))).toBe('attention')
    expect(zoneState(zone(), [], noon, stale, supply(1))).toBe('ok')
    expect(zoneState(zone(), [], noon, stale, supply(0, 600))).toBe('ok')
  })
})

describe('limits', () => {
  it('takes the strictest of each side', () => {
    expect(safeBand(zone().limits.temperature)).toEqual({ low: -1, high: 4 })
    expect(safeBand(undefined)).toEqual({ low: null, high: null })
  })
  it('says how far outside a value is', () => {
    expect(beyond(6.5, { low: 0, high: 4 })).toBe(2.5)
    expect(beyond(-3, { low: -1, high: 4 })).toBe(-2)
    expect(beyond(4, { low: -1, high: 4 })).toBe(0)
    expect(beyond(40, { low: null, high: null })).toBe(0)
  })
  it('measures from the limit people are told about', () => {
    const limits = zone().limits.temperature
    expect(excess(4.5, limits, [])).toBe(0.5) // warning at 4
    expect(excess(6.5, limits, [])).toBe(1.5) // excursion at 5
    expect(excess(9, limits, [alarm({ limit: 7 })])).toBe(2) // the alarm has escalated
    expect(excess(3, limits, [alarm({ limit: 5 })])).toBe(0)
    expect(excess(-2, limits, [alarm({ rule: 'low-limit', limit: -1 })])).toBe(-1)
  })
})

describe('worst first', () => {
  it('puts what needs a person on top and leaves the rest where it is', () => {
    const list: (Ranked & { name: string })[] = [
      { name: 'a', state: 'ok', beyond: 0, order: 0 },
      { name: 'b', state: 'attention', beyond: 0.2, order: 1 },
      { name: 'c', state: 'nodata', beyond: 0, order: 2 },
      { name: 'd', state: 'act', beyond: 1, order: 3 },
      { name: 'e', state: 'ok', beyond: 0, order: 4 },
      { name: 'f', state: 'act', beyond: -4, order: 5 },
      { name: 'g', state: 'attention', beyond: 2, order: 6 },
    ]
    expect([...list].sort(worstFirst).map((x) => x.name).join('')).toBe('fdgbcae')
  })
  it('orders alarms by what is left to do', () => {
    const list = [
      alarm({ id: 'answered', state: 'acknowledged', acknowledged: { at: at(5), by: 'x' } }),
      alarm({ id: 'past', state: 'normal', open: false, returned: at(60) }),
      alarm({ id: 'silent', rule: 'site-silent' }),
      alarm({ id: 'over', state: 'returned-unacknowledged', returned: at(60) }),
      alarm({ id: 'new' }),
      alarm({ id: 'mild', level: 'warning' }),
    ]
    expect(list.sort(alarmOrder).map((a) => a.id)).toEqual(['new', 'answered', 'mild', 'silent', 'over', 'past'])
  })
})

describe('the trend', () => {
  const ramp = (perHour: number, n = 15): Sample[] =>
    Array.from({ length: n }, (_, i) => [noon - (n - 1 - i) * 60_000, 4 + ((i - n) / 60) * perHour] as Sample)
  it.each([
    [6, 'up'],
    [-6, 'down'],
    [0.6, 'steady'],
  ])('%d °C per hour is %s', (rate, want) => {
    const got = trend(ramp(rate), noon, stale)
    expect(got?.direction).toBe(want)
    expect(got?.perHour).toBeCloseTo(rate, 6)
  })
  it('is unknown with too little, or with what is old', () => {
    expect(trend([], noon, stale)).toBeNull()
    expect(trend(ramp(6, 3), noon, stale)).toBeNull()
    expect(trend(ramp(6, 7), noon, stale)).toBeNull() // 6 minutes only
    expect(trend(ramp(6), noon + 200_000, stale)).toBeNull()
  })
})

const envelope: Envelope = { from: at(3600), step_s: 600, min: [1, null, 2], max: [5, null, 2], mean: [2, null, 2] }

describe('runs of values', () => {
  it('keeps nulls of an envelope', () => {
    const c = columnsOfEnvelope(envelope)
    expect(c.line).toEqual([2, null, 2])
    expect(c.max).toEqual([5, null, 2])
    expect(c.t[0]).toBe(noon / 1000 - 3600 + 300)
    expect(samplesOf(envelope)).toHaveLength(2)
  })
  it('puts nulls where nobody measured and where a read failed', () => {
    const c = columnsOfReadings(
      [
        { t: at(600), v: 1, q: 'good' },
        { t: at(540), v: null, q: 'bad', reason: 'timeout' },
        { t: at(480), v: 2, q: 'good' },
        { t: at(100), v: 3, q: 'good' },
      ],
      stale,
    )
    expect(c.line).toEqual([1, null, 2, null, null, 3])
    expect([...c.t].sort((a, b) => a - b)).toEqual(c.t)
    expect(gaps(c, noon / 1000 - 700, noon / 1000, 180)).toEqual([[noon / 1000 - 480, noon / 1000 - 100]])
  })
  it('names the gap at either end', () => {
    expect(gaps({ t: [], min: [], max: [], line: [], doubt: [] }, 0, 1000, 60)).toEqual([[0, 1000]])
    expect(gaps({ t: [500], min: [1], max: [1], line: [1], doubt: [null] }, 0, 1000, 60)).toEqual([[0, 500], [500, 1000]])
  })
  it('widens the running bucket and moves on', () => {
    const b = { from: 0, step: 100, min: [1, 2, null], max: [1, 2, null] as (number | null)[] }
    extend(b, 250, 7)
    extend(b, 260, 5)
    expect([b.min[2], b.max[2]]).toEqual([5, 7])
    extend(b, 310, 9)
    expect(b).toEqual({ from: 100, step: 100, min: [2, 5, 9], max: [2, 7, 9] })
    extend(b, 2000, 1) // after a long break
    expect(b).toEqual({ from: 1800, step: 100, min: [null, null, 1], max: [null, null, 1] })
    extend(b, 10, 3) // long ago: not for this run
    expect(b.min).toEqual([null, null, 1])
  })
})

describe('the notice', () => {
  it.each([
    ['演示', '演示'],
    ['演示：人名与企业均为虚构；报警延时缩短为 20 秒', '演示'],
    ['Demo: people are fictitious', 'Demo'],
    ['', ''],
    ['A notice without any stop in it', 'A notice wi…'],
  ])('%s is headed %s', (notice, want) => expect(headline(notice)).toBe(want))
  it('cannot break out of the picture it is drawn into', () => {
    expect(decodeURIComponent(watermark('<script>"x"</script>'))).not.toContain('<script')
  })
})

describe('catalogues', () => {
  const keys = (o: object, path = ''): string[] =>
    Object.entries(o).reduce<string[]>((all, [k, v]) => all.concat(typeof v === 'string' ? [path + k] : keys(v, path + k + '.')), [])
  const holes = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort()
  it('have the same keys, none empty, with the same places to fill', () => {
    expect(keys(en)).toEqual(keys(zh))
    const text = (o: any, path: string) => path.split('.').reduce((x, k) => x[k], o) as string
    for (const k of keys(zh)) {
      expect(text(zh, k), k).not.toBe('')
      expect(text(en, k), k).not.toBe('')
      expect(holes(text(en, k)), k).toEqual(holes(text(zh, k)))
    }
  })
})
