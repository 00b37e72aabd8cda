import { describe, expect, it } from 'vitest'
import type { Person } from '../src/api/people'
import { afterSpan, lacking, overlap } from '../src/model/people'
import { aboutPIN, helpersFor, personOf } from '../src/model/pin'

const person = (id: string, name: string, ...roles: Person['roles']): Person => ({ id, name, roles })
const roster = [person('qiqige', '其其格', 'keeper'), person('wang', '王主任', 'manager'), person('narisu', '那日苏', 'county-duty'), person('batu-1', '巴图', 'deputy'), person('batu-2', '巴图', 'driver')]

describe('a PIN', () => {
  it('belongs to a name or id of the roster, and to nobody where two have the name', () => {
    expect(personOf(roster, '其其格')?.id).toBe('qiqige')
    expect(personOf(roster, 'batu-1')?.id).toBe('batu-1')
    expect(personOf(roster, '巴图')).toBeNull()
    expect(personOf(roster, '过路人')).toBeNull()
  })
  it('that is forgotten is reset by who looks after the roster, not by oneself', () => {
    expect(helpersFor(roster, 'qiqige')).toEqual(['王主任', '那日苏'])
    expect(helpersFor(roster, 'wang')).toEqual(['那日苏'])
  })
  it('is asked for again by the codes of the server', () => {
    expect(['pin-needed', 'pin-wrong', 'pin-wait', 'pin-unset', 'pin-simple'].every(aboutPIN)).toBe(true)
    expect(aboutPIN('not-over')).toBe(false)
  })
})

describe('two shifts of a day', () => {
  it('begin with one an hour after the first', () => {
    expect(afterSpan({ from: '08:00', to: '12:00' })).toEqual({ from: '13:00', to: '17:00' })
    expect(afterSpan({ from: '14:00', to: '22:30' })).toEqual({ from: '23:30', to: '03:30' })
  })
  it('must not lie over each other', () => {
    expect(overlap([{ from: '08:00', to: '12:00' }, { from: '14:00', to: '18:00' }])).toBe(false)
    expect(overlap([{ from: '14:00', to: '18:00' }, { from: '08:00', to: '14:00' }])).toBe(false)
    expect(overlap([{ from: '08:00', to: '12:00' }, { from: '11:30', to: '18:00' }])).toBe(true)
    expect(overlap([{ from: '22:00', to: '06:00' }, { from: '23:00', to: '23:30' }])).toBe(true)
    expect(lacking({ ...person('a', 'A', 'keeper'), hours: { mon: [{ from: '08:00', to: '12:00' }, { from: '11:00', to: '13:00' }] } })).toBe('hours')
  })
})
