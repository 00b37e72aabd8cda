import { describe, expect, it } from 'vitest'
import { share, type Exposure, type Interval, type Stay, type Summary } from '../src/api/custody'
import { barsOf, joined, limitsOf, marksOf, partsOf, placed, spanOf } from '../src/model/course'
import { qualityEn, qualityZh } from '../src/i18n/quality'
import { draftsOf, measured, moveOf, nextPart, nowhere, spokenOf, staysOf, timeText, whereReady } from '../src/model/written'

const zone = 'Asia/Shanghai'

describe('what people type', () => {
  it('a number is read as they write it, and nothing else is one', () => {
    expect(['', ' −18,5 ', '4', '+2.5', '-0.1'].map(measured)).toEqual([null, -18.5, 4, 2.5, -0.1])
    for (const s of ['4 °C', '0x10', '1e3', 'Infinity', '--4', '4.']) expect(measured(s)).toBeNaN()
  })

  it('a time is the county’s; nothing is now', () => {
    expect(timeText('2026-11-23T20:14', zone)).toBe('2026-11-23T12:14:00.000Z')
    expect(timeText('', zone)).toBe('')
  })

  it('goods go into a room, to a place, away, or stay', () => {
    const w = nowhere('zone')
    expect(whereReady(w)).toBe(false)
    w.zone = 'a/b'
    expect([whereReady(w), moveOf(w)]).toEqual([true, { zone: 'a/b', place: '' }])
    const shop = { ...nowhere('place'), zone: 'a/b', place: ' 村口 ', courier: true, waybill: 'SF1', ice: '4', packed: '−2' }
    expect(moveOf(shop)).toEqual({ zone: '', place: '村口', courier: { firm: '', waybill: 'SF1', ice: 4, packing_c: -2 } })
    expect(whereReady({ ...shop, packed: 'cold' })).toBe(false)
    expect(whereReady({ ...shop, ice: '-1' })).toBe(false)
    expect(whereReady({ ...shop, place: ' ' })).toBe(false)
    expect(moveOf({ ...nowhere('away'), place: 'x' })).toEqual({ zone: '', place: '' })
    expect(moveOf(nowhere('stay'))).toBeNull()
  })
})

describe('corrected stays', () => {
  const stays: Stay[] = [
    { zone: 'a/one', from: '2026-11-23T00:00:17.250Z', to: '2026-11-23T04:00:41Z' },
    { zone: '', place: '村口', from: '2026-11-23T04:00:41Z', courier: { ice: 4, waybill: 'SF1', packing_c: null } },
  ]

  it('what nobody changed stays to the millisecond', () => {
    expect(staysOf(draftsOf(stays, zone), zone).stays).toEqual(stays)
  })

  it('a time that was changed is the typed one, and the next begins when it ended', () => {
    const d = draftsOf(stays, zone)
    d[0]!.to = d[1]!.from = '2026-11-23T11:30'
    const got = staysOf(d, zone).stays!
    expect([got[0]!.from, got[0]!.to, got[1]!.from]).toEqual(['2026-11-23T00:00:17.250Z', '2026-11-23T03:30:00.000Z', '2026-11-23T03:30:00.000Z'])
    expect(got[1]!.courier?.waybill).toBe('SF1')
  })

  it('another place takes nothing along that was said of the old one', () => {
    const d = draftsOf(stays, zone)
    d[1]!.zone = 'b/two'
    expect(staysOf(d, zone).stays![1]).toEqual({ zone: 'b/two', from: '2026-11-23T04:00:41Z' })
  })

  it('what cannot be is said of the stay that it is in', () => {
    const bad = (change: (d: ReturnType<typeof draftsOf>) => void) => {
      const d = draftsOf(stays, zone)
      change(d)
      return staysOf(d, zone).wrong
    }
    expect(bad((d) => (d[1]!.place = ' '))).toEqual({ at: 1, fault: 'place' })
    expect(bad((d) => (d[0]!.from = ''))).toEqual({ at: 0, fault: 'from' })
    expect(bad((d) => (d[0]!.to = ''))).toEqual({ at: 0, fault: 'until' })
    expect(bad((d) => (d[0]!.to = '2026-11-23T07:00'))).toEqual({ at: 0, fault: 'order' })
    expect(bad((d) => (d[1]!.from = '2026-11-23T11:00'))).toEqual({ at: 1, fault: 'overlap' })
  })
})

describe('a refusal stands beside its field', () => {
  it('the longest value that it speaks of', () => {
    const codes = ['', '9135', '91350100M000100Y44', '315062500012345']
    expect(spokenOf('统一社会信用代码 91350100M000100Y44 的校验位不对', codes)).toBe(2)
    expect(spokenOf('ear tag "315062500012345": want 15 digits', codes)).toBe(3)
    expect(spokenOf('连不上服务器', codes)).toBe(-1)
    expect(spokenOf('', codes)).toBe(-1)
  })
})

it('the next part has a name that nobody has', () => {
  expect(nextPart('A', [])).toBe('A-1')
  expect(nextPart('A', ['A-1', 'A-3', 'A-2'])).toBe('A-4')
})

describe('a course', () => {
  const nothing: Summary = { points: 0, min_c: null, max_c: null, mean_c: null, above: null, below: null, gaps: null, coverage: 0, duration_s: 0, method: 'step' }
  const at = (h: number) => new Date(Date.UTC(2026, 10, 23, h)).toISOString()
  const s = (h: number) => Date.UTC(2026, 10, 23, h) / 1000
  const stay = (kind: string, from: number, to: number, more: Partial<Interval> = {}): Interval => ({ zone: kind + '/x', kind, from: at(from), to: at(to), basis: 'air', point: kind === 'unmonitored' ? '' : kind + '/x/air', summary: nothing, ...more })
  const warm = { limit_c: 4, seconds: 60, events: 1, peak_c: 7, runs: [{ from: at(5), to: at(6), peak_c: 7 }] }
  const x: Exposure = {
    as_of: at(9), version: 1, unmonitored_s: 0, total: { ...nothing, above: warm, below: { ...warm, limit_c: -1, runs: [] } },
    intervals: [stay('store', 0, 4), stay('truck', 4, 7, { summary: { ...nothing, above: warm } }), stay('unmonitored', 7, 9)],
  }

  it('reaches from the first stay to the last', () => expect(spanOf(x)).toEqual([s(0), s(9)]))

  it('asks for the watched stays of a window, cut to it', () => {
    expect(partsOf(x, s(3), s(8)).map((p) => [p.stay.point, p.from, p.to])).toEqual([['store/x/air', s(3), s(4)], ['truck/x/air', s(4), s(7)]])
    expect(partsOf(x, s(7), s(9))).toEqual([])
  })

  it('draws no line from one probe to the next, nor what lies outside a stay', () => {
    const columns = (t: number[]) => ({ t: t.map(s), min: t.map(() => 1), max: t.map(() => 3), line: t.map(() => 2), doubt: t.map(() => null) })
    const c = joined([{ from: s(0), to: s(4), columns: columns([-1, 1, 3, 5]) }, { from: s(4), to: s(7), columns: columns([3, 5, 6]) }])
    expect(c.t).toEqual([0, 1, 3, 4, 5, 6, 7].map(s))
    expect(c.line).toEqual([null, 2, 2, null, 2, 2, null])
    expect([...c.t].sort((a, b) => a - b)).toEqual(c.t)
    expect(c.min.length + c.max.length + c.doubt.length).toBe(3 * c.t.length)
  })

  it('has the limits it was judged by', () => expect(limitsOf(x).map((l) => [l.side, l.value])).toEqual([['high', 4], ['low', -1]]))

  it('shows runs beyond a limit and alarms; one that goes on reaches until now', () => {
    const alarm = { id: 'a', start: at(8), returned: null, level: 'warning', zone: 'store/x' } as unknown as Parameters<typeof barsOf>[1][number]
    expect(barsOf(x, [alarm]).map((b) => [b.what, b.from, b.to, b.serious])).toEqual([['over', s(5), s(6), true], ['alarm', s(8), s(9), false]])
  })

  it('puts handovers and verdicts in their order', () => {
    const d = { handovers: [{ at: at(6) }, { at: at(2) }], verdicts: [{ at: at(4) }] } as unknown as Parameters<typeof marksOf>[0]
    expect(marksOf(d).map((m) => [m.what, m.index])).toEqual([['handover', 1], ['verdict', 0], ['handover', 0]])
  })

  it('places what lies in a window, cut to it', () => {
    expect(placed(2, 4, [0, 8])).toEqual({ left: 25, width: 25 })
    expect(placed(-4, 4, [0, 8])).toEqual({ left: 0, width: 50 })
    expect(placed(9, 10, [0, 8])).toBeNull()
  })
})

it('99.96 % is not all', () => expect([share(0.9996), share(1), share(0.67)]).toEqual(['99.9 %', '100 %', '67 %']))

it('both languages have the same words', () => {
  type Words = { [key: string]: string | Words }
  const flat = (o: Words, at = ''): string[] => {
    const out: string[] = []
    for (const k of Object.keys(o)) {
      const v = o[k] as string | Words
      if (typeof v === 'string') out.push(at + k + ' ' + (v.match(/\{\w+\}/g) ?? []).sort().join())
      else out.push(...flat(v, at + k + '.'))
    }
    return out
  }
  expect(flat(qualityEn)).toEqual(flat(qualityZh))
})
