import { describe, expect, it } from 'vitest'
import type { Carried, Stop, Trip } from '../src/api/trips'
import { kilometres, stepsOf } from '../src/model/trips'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 28, 0, minute)).toISOString()
const stop = (place: string, from: number, to: number): Stop => ({ place, latitude: 40, longitude: 107, unseen_s: 0, door_open_s: 0, from: at(from), to: at(to) })
const goods = (batch: string, loaded: [number, number | null] | null, unloaded: [number, number | null] | null) =>
  ({ batch, loaded: loaded && { at: at(loaded[0]), stop: loaded[1] }, unloaded: unloaded && { at: at(unloaded[0]), stop: unloaded[1] } }) as unknown as Carried
const trip = (x: Partial<Trip>) => ({ stops: [], unseen: [], goods: [], from: at(0), until: at(300), ...x }) as unknown as Trip

describe('the strip of a trip', () => {
  it('has stops with what came and went, and what nobody knows, in order', () => {
    const steps = stepsOf(trip({
      stops: [stop('centre', 0, 30), stop('', 100, 120), stop('north', 200, 240)],
      unseen: [{ from: at(120), to: at(200) }, { from: at(205), to: at(220) }],
      goods: [goods('A', [10, 0], [210, 2]), goods('B', null, [215, 2]), goods('C', [60, null], null)],
    }))
    expect(steps.map((s) => s.kind)).toEqual(['stop', 'booked', 'stop', 'unseen', 'stop'])
    expect(steps.map((s) => (s.kind === 'unseen' ? [] : [...s.loaded.map((g) => '+' + g.batch), ...s.unloaded.map((g) => '-' + g.batch)]))).toEqual([['+A'], ['+C'], [], [], ['-A', '-B']])
  })
  it('says that nobody knows where a truck without positions was', () => {
    const steps = stepsOf(trip({ unseen: [{ from: at(0) }], goods: [goods('A', [0, null], null), goods('B', [0, null], [90, null])] }))
    expect(steps.map((s) => s.kind)).toEqual(['unseen', 'booked', 'booked'])
    expect(steps[1]).toMatchObject({ loaded: [{ batch: 'A' }, { batch: 'B' }], unloaded: [] })
  })
  it('tells a distance only where there were positions', () => {
    expect(kilometres(null, true)).toBeNull()
    expect(kilometres(84321, true)).toEqual({ km: '84.3', all: false })
  })
})
