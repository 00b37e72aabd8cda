import { describe, expect, it } from 'vitest'
import type { Closing, Person, Step, StepName } from '../src/api/people'
import type { Alarm } from '../src/api/types'
import { awaitsSignature, dial, hasTaken, mayClose, mayPress, maySign, nameOf, namesFor, needsNote, nextStep, stepsOf, stepStates, toldNewestFirst, wantsClosing } from '../src/model/steps'

const took = (step: StepName, by: string, minute: number): Step => ({ step, by, at: `2026-11-23T02:${String(minute).padStart(2, '0')}:00.000Z` })
const alarm = (more: Partial<Alarm> = {}): Alarm =>
  ({ id: '1', level: 'excursion', open: true, returned: null, acknowledged: null, batches: [], steps: [], closing: null, ...more }) as Alarm

describe('the four steps', () => {
  it('stand in their order, each with the first who took it and how many others did', () => {
    const s = stepStates([took('on-site', '其其格', 20), took('acknowledged', '巴图', 9), took('acknowledged', '其其格', 4), took('acknowledged', '其其格', 11)])
    expect(s.map((x) => [x.step, x.by, x.others])).toEqual([['acknowledged', '其其格', 1], ['on-the-way', '', 0], ['on-site', '其其格', 0], ['handled', '', 0]])
  })
  it('offer the one after the furthest, whatever was skipped', () => {
    expect(nextStep([])).toBe('acknowledged')
    expect(nextStep([took('acknowledged', 'a', 1)])).toBe('on-the-way')
    expect(nextStep([took('on-site', 'a', 1)])).toBe('handled')
    expect(nextStep([took('handled', 'a', 1), took('acknowledged', 'b', 2)])).toBeNull()
  })
  it('can be pressed once by each person, in any order, until the alarm is closed', () => {
    const a = alarm({ steps: [took('acknowledged', '其其格', 1)] })
    expect(mayPress(a, 'acknowledged', '其其格')).toBe(false)
    expect(mayPress(a, 'acknowledged', '巴图')).toBe(true)
    expect(mayPress(a, 'acknowledged', '')).toBe(true) // the name is asked for then
    expect(mayPress(a, 'handled', '其其格')).toBe(true)
    expect(mayPress({ ...a, closing: {} as Closing }, 'handled', '巴图')).toBe(false)
  })
  it('count an answer that an older server tells as the first of them', () => {
    const old = alarm({ steps: undefined, acknowledged: { at: '2026-11-23T02:01:00Z', by: '其其格 (token)' } })
    expect(stepsOf(old)).toHaveLength(1)
    expect(hasTaken(stepsOf(old), 'acknowledged', '其其格')).toBe(true)
    expect(stepsOf(alarm({ ...old, steps: [took('acknowledged', '巴图', 3)] }))).toHaveLength(1)
  })
  it('name people, not rights', () => {
    expect(nameOf('其其格 (token)')).toBe('其其格')
    expect(nameOf('其其格 (user manager)')).toBe('其其格')
    expect(nameOf('其其格 (device d-1)')).toBe('其其格')
    expect(nameOf('张工')).toBe('张工')
  })
})

describe('closing', () => {
  const closing = (more: Partial<Closing> = {}): Closing =>
    ({ cause: 'compressor', action: 'repaired', outcome: 'goods-fine', by: '其其格 (token)', at: '', severe: true, signed_by: '', signed_at: null, ...more })

  it('waits for the end of the alarm, unless the probe is lost', () => {
    expect(mayClose(alarm(), 'goods-fine')).toBe(false)
    expect(mayClose(alarm(), 'sensor-lost')).toBe(true)
    expect(mayClose(alarm({ returned: '2026-11-23T03:00:00Z' }), 'goods-fine')).toBe(true)
  })
  it('is asked of excursions and of whatever had goods in the room', () => {
    expect(wantsClosing(alarm())).toBe(true)
    expect(wantsClosing(alarm({ level: 'warning' }))).toBe(false)
    expect(wantsClosing(alarm({ level: 'warning', batches: [{}] as Alarm['batches'] }))).toBe(true)
  })
  it('wants a note where the codes say nothing', () => {
    expect(needsNote({ cause: 'other', action: 'waited', outcome: 'goods-fine' })).toBe(true)
    expect(needsNote({ cause: 'loading', action: 'waited', outcome: 'sensor-lost' })).toBe(true)
    expect(needsNote({ cause: 'loading', action: 'waited', outcome: 'goods-fine' })).toBe(false)
  })
  it('is signed by somebody else when it is severe, and once', () => {
    expect(maySign(closing(), '其其格')).toBe(false)
    expect(maySign(closing(), '')).toBe(false)
    expect(maySign(closing(), '王主任')).toBe(true)
    expect(awaitsSignature(closing({ severe: false }))).toBe(false)
    expect(maySign(closing({ signed_by: '王主任' }), '巴图')).toBe(false)
    expect(awaitsSignature(null)).toBe(false)
  })
})

describe('people to press and to call', () => {
  const p = (name: string, sites?: string[]): Person => ({ id: name, name, roles: ['keeper'], sites })
  const all = [p('张工'), p('李娜', ['xini']), p('其其格', ['balagong']), p('其其格', ['xini'])]
  it('come with those of the site first, each once, without whoever is excluded', () => {
    expect(namesFor(all, 'balagong', '').map((x) => x.name)).toEqual(['张工', '其其格', '李娜'])
    expect(namesFor(all, 'balagong', '其其格')).toEqual([{ name: '张工', near: true }, { name: '李娜', near: false }])
  })
  it('are dialled with a plus, whatever the number is written with', () => {
    expect(dial('+86 138-0000 0004')).toBe('+8613800000004')
    expect(dial('8613800000004')).toBe('+8613800000004')
  })
  it('are listed newest first and the list given stays as it is', () => {
    const list = [{ at: '2026-11-23T02:00:00Z' }, { at: '2026-11-23T02:05:00Z' }] as Parameters<typeof toldNewestFirst>[0]
    expect(toldNewestFirst(list).map((x) => x.at)).toEqual(['2026-11-23T02:05:00Z', '2026-11-23T02:00:00Z'])
    expect(list[0]?.at).toBe('2026-11-23T02:00:00Z')
  })
})
