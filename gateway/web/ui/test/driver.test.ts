import { describe, expect, it } from 'vitest'
import type { Batch, Envelope } from '../src/api/types'
import { driverEn, driverZh } from '../src/i18n/driver'
import { isCode, loadWith, nextPhase, phaseWith, readLabel } from '../src/model/driver'
import type { Act, What } from '../src/model/queue'
import { aboard, curveOf, legOf } from '../src/model/slip'

const act = (what: What, truck = 'truck-1'): Act => ({ id: JSON.stringify(what), n: 1, at: '2026-11-23T04:00:00Z', actor: '巴图', truck, box: truck + '/box-1', what })
const lot = (id: string, short = ''): Batch => ({ id, product: id, profile: '', quantity: '', owner: '', created: '', zone: '', custody: [], short })

describe('the driver’s one button', () => {
  it('leads through a trip, and goes on to the next stop while there are goods', () => {
    let p = nextPhase('idle', false)
    const way = [p]
    for (let i = 0; i < 3; i++) way.push((p = nextPhase(p, true)))
    expect(way).toEqual(['conditioning', 'loading', 'in-transit', 'unloading'])
    expect(nextPhase('unloading', true)).toBe('in-transit')
    expect(nextPhase('unloading', false)).toBe('idle')
    expect(nextPhase('returning', false)).toBe('conditioning')
  })
  it('shows what was pressed last, of this truck alone', () => {
    const queued = [act({ kind: 'phase', phase: 'loading' }), act({ kind: 'phase', phase: 'in-transit' }), act({ kind: 'phase', phase: 'idle' }, 'truck-2')]
    expect(phaseWith('idle', 'truck-1', queued)).toBe('in-transit')
    expect(phaseWith('idle', 'truck-1', [])).toBe('idle')
  })
})

describe('the load', () => {
  it('is what the county said with what waits', () => {
    const known = [lot('A', '618038'), lot('B')]
    const load = (batch: string, code = ''): Act => act({ kind: 'load', batch, code, override: '' })
    const hand = (batch: string, outcome: 'accepted' | 'refused', zone: string) =>
      act({ kind: 'handover', batch, from: 'x', to: 'y', productC: null, outcome, note: '', zone, place: '' })
    const ids = (queued: Act[]) => loadWith(known, 'truck-1', queued).map((l) => (l.id || l.code) + (l.waits ? '?' : ''))
    expect(ids([])).toEqual(['A', 'B'])
    expect(ids([load('C'), load('', '236061')])).toEqual(['A', 'B', 'C?', '236061?'])
    expect(ids([load('A'), load('', '618038')])).toEqual(['A', 'B']) // they lie there already
    expect(ids([hand('A', 'accepted', 'hq/room'), hand('B', 'refused', '')])).toEqual(['B'])
    expect(ids([load('C'), act({ kind: 'unload', batch: 'C', zone: 'hq/room', place: '' })])).toEqual(['A', 'B'])
  })
  it('reads labels, and nothing else', () => {
    expect(readLabel('HJQ261123-TLG-007')).toEqual({ batch: 'HJQ261123-TLG-007', code: '' })
    expect(readLabel('https://county.example/batches/HJQ261123-TLG-007?x=1')).toEqual({ batch: 'HJQ261123-TLG-007', code: '' })
    expect(readLabel('https://id.example/01/06912345678901/10/HJQ261123-TLG-007/21/3')).toEqual({ batch: 'HJQ261123-TLG-007', code: '' })
    expect(readLabel(' 618038 ')).toEqual({ batch: '', code: '618038' })
    for (const none of ['', 'https://pay.example/', '塔拉沟', 'a b', 'x'.repeat(65)]) expect(readLabel(none)).toBeNull()
  })
  // The codes of batches 1, 2 and 99999 as package batch gives them.
  it('knows a code from a slip of the finger', () => {
    for (const code of ['618038', '236062', '381973']) expect(isCode(code)).toBe(true)
    for (const wrong of ['618030', '681038', '61803', '6180388', 'abcdef', '']) expect(isCode(wrong)).toBe(false)
  })
})

describe('the slip', () => {
  const noon = Date.parse('2026-11-23T04:00:00Z')
  const h = 3_600_000
  const at = (n: number) => new Date(noon + n * h).toISOString()
  const isBox = (z: string) => z.startsWith('truck-')
  const custody = [{ zone: 'hq/a', from: at(-9), to: at(-6) }, { zone: 'truck-1/box', from: at(-6), to: at(-3) }, { zone: 'hq/b', from: at(-3), to: at(-2) }, { zone: 'truck-2/box', from: at(-2), to: null }] as Batch['custody']
  const handed = (n: number) => ({ at: at(n), from: 'x', to: 'y', product_c: null, outcome: 'accepted' as const })

  it('shows the ride that the handover ends', () => {
    expect(legOf(custody, isBox, handed(-3), noon)).toEqual({ zone: 'truck-1/box', from: noon - 6 * h, to: noon - 3 * h })
    expect(legOf(custody, isBox, handed(-1), noon)).toEqual({ zone: 'truck-2/box', from: noon - 2 * h, to: noon - h })
    expect(legOf(custody, isBox, null, noon)).toEqual({ zone: 'truck-2/box', from: noon - 2 * h, to: noon })
    expect(legOf(custody.slice(0, 1), isBox, handed(-3), noon)).toBeNull()
  })
  it('lists what rode along, and nothing that came later or lay elsewhere', () => {
    const leg = { zone: 'truck-1/box', from: noon - 6 * h, to: noon - 3 * h }
    const with_ = (id: string, zone: string, from: number, to: number | null) => ({ ...lot(id), custody: [{ zone, from: at(from), to: to === null ? null : at(to) }] }) as Batch
    const all = [with_('A', 'truck-1/box', -6, -3), with_('B', 'truck-1/box', -5, null), with_('C', 'truck-1/box', -3, null), with_('D', 'truck-1/box', -9, -6), with_('E', 'hq/a', -6, -3)]
    expect(aboard(all, leg).map((b) => b.id)).toEqual(['A', 'B'])
  })
  it('draws no line where nothing was measured, and keeps a peak', () => {
    const e = { from: at(0), step_s: 60, min: [1, 2, null, 3], max: [1, 9, null, 3], mean: null } as Envelope
    const c = curveOf(e, [4], 400, 100)!
    expect(c.line.match(/M/g)).toHaveLength(2)
    expect([c.low, c.high]).toEqual([1, 9])
    expect(curveOf({ ...e, min: [null], max: [null] }, [4], 400, 100)).toBeNull()
  })
})

describe('the driver’s words', () => {
  const keys = (o: Record<string, unknown>, at = ''): string[] =>
    Object.keys(o).reduce<string[]>((all, k) => {
      const v = o[k]
      return all.concat(typeof v === 'string' ? at + k + ':' + (v.match(/\{\w+\}/g) ?? []).sort().join() : keys(v as Record<string, unknown>, at + k + '.'))
    }, [])
  it('are complete in both languages, with the same places to fill', () => {
    expect(keys(driverEn)).toEqual(keys(driverZh))
    const empty = (o: object): boolean => Object.values(o).some((v) => (typeof v === 'string' ? !v.trim() : empty(v as object)))
    expect(empty(driverZh) || empty(driverEn)).toBe(false)
  })
})
