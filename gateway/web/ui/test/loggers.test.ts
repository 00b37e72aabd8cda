import { afterEach, describe, expect, it, vi } from 'vitest'
import { attachLogger, lookAtLogger } from '../src/api/loggers'
import type { Exposure, Stay } from '../src/api/custody'
import { faultOf, requestOf, sumOf, type Draft } from '../src/model/derive'
import { logsOf, runsOf, stretchesOf } from '../src/model/loggers'

describe('for which time a logger counts', () => {
  const stays: Stay[] = [
    { zone: 'a/one', from: '2026-11-23T00:00:00Z', to: '2026-11-23T04:00:00Z' },
    { zone: '', place: '村口', from: '2026-11-23T04:00:00Z', to: '2026-11-23T09:00:00Z' },
  ]
  it('what nothing watched comes first, and the way after it left', () => {
    expect(stretchesOf(stays).map((s) => s.key)).toEqual(['after', '1', '0', 'all'])
    expect(stretchesOf(stays)[0]).toMatchObject({ from: '2026-11-23T09:00:00Z', to: '' })
  })
  it('a batch that is still there has not left', () => {
    expect(stretchesOf([{ zone: 'a/one', from: '2026-11-23T00:00:00Z' }]).map((s) => s.key)).toEqual(['0', 'all'])
    expect(stretchesOf([]).map((s) => s.key)).toEqual(['all'])
  })
})

describe('what loggers say on the course', () => {
  it('each file is fetched once, however many stays it spans', () => {
    const log = { batch: 'A', number: 1 }
    expect(logsOf({ intervals: [{ imported: [log] }, { imported: [log, { batch: 'P', number: 1 }] }, {}] } as unknown as Exposure)).toEqual([log, { batch: 'P', number: 1 }])
  })
  it('a line breaks where there is no value', () => {
    const runs = runsOf({ t: [0, 1, 2, 3], min: [1, 1, null, 4], max: [2, 3, null, 4], line: [1.5, 2, null, 4], doubt: [] })
    expect(runs).toEqual([[[0, 1, 1.5, 2], [1, 1, 2, 3]], [[3, 4, 4, 4]]])
  })
})

describe('batches that become others', () => {
  const one = { id: 'A-1', product: '羊肉', has: '40 kg', quantity: '' }
  const out = { id: ' M-1 ', product: '羊肉', profile: 'mutton-chilled', quantity: '', zone: '' }
  const draft = (d: Partial<Draft>): Draft => ({ relation: 'merge', inputs: [one, { ...one, id: 'A-2' }], outputs: [out], at: '', ...d })

  it('says in time what cannot be', () => {
    expect(faultOf(draft({}))).toBeNull()
    expect(faultOf(draft({ inputs: [one] }))).toBe('inputs')
    expect(faultOf(draft({ relation: 'aggregate', inputs: [one] }))).toBeNull()
    expect(faultOf(draft({ outputs: [{ ...out, id: '新' }] }))).toBe('id')
    expect(faultOf(draft({ outputs: [{ ...out, id: 'A-2' }] }))).toBe('twice')
    expect(faultOf(draft({ relation: 'transform', outputs: [out, { ...out, id: 'M-2' }] }))).toBe('sides')
  })
  it('an input without a quantity goes in whole, and into a box always', () => {
    const some = [{ ...one, quantity: ' 10 kg ' }, { ...one, id: 'A-2' }]
    expect((requestOf(draft({ inputs: some })) as { inputs: object[] }).inputs).toEqual([{ id: 'A-1', quantity: '10 kg' }, { id: 'A-2' }])
    expect((requestOf(draft({ relation: 'aggregate', inputs: some })) as { inputs: object[]; outputs: { id: string }[] }).inputs).toEqual([{ id: 'A-1' }, { id: 'A-2' }])
    expect((requestOf(draft({})) as { outputs: { id: string }[] }).outputs[0]?.id).toBe('M-1')
  })
  it('adds up what has one unit', () => {
    expect(sumOf(['40 kg', '0.5 kg'])).toBe('40.5 kg')
    expect(sumOf(['40 kg', '2 head'])).toBe('')
    expect(sumOf(['some'])).toBe('')
    expect(sumOf([])).toBe('')
  })
})

describe('a file that is sent', () => {
  afterEach(() => vi.unstubAllGlobals())
  it('is let in by the cookie, as everything is: an empty token would be refused', async () => {
    const asked = vi.fn(async (_: string, init: RequestInit) => new Response('{}', { status: init ? 200 : 500 }))
    vi.stubGlobal('fetch', asked)
    const file = new File(['time,value\n'], 'log.csv')
    await lookAtLogger('A', {}, file, 'k1')
    await attachLogger('A', {}, file, { actor: '萨仁' }, 'k2')
    for (const [, init] of asked.mock.calls) expect(new Headers(init.headers).has('Authorization')).toBe(false)
    expect(asked).toHaveBeenCalledTimes(2)
  })
})
