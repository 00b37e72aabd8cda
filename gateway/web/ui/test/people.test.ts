import { describe, expect, it } from 'vitest'
import type { Chain, Channel, Drill, Person } from '../src/api/people'
import { answerEn, answerZh, peopleEn, peopleZh } from '../src/i18n/people'
import { dayGroups, drillSum, freeID, isAway, lacking, masked, phoneDigits, proved, toggle, withoutPerson, withPerson, wrongStage } from '../src/model/people'
import { durationOf, instantOf, localInput, minutesOf, nextClock } from '../src/model/time'

const noon = Date.parse('2026-11-23T04:00:00Z') // 12:00 in Shanghai
const shanghai = 'Asia/Shanghai'

describe('times of the county', () => {
  it('are read and written in its zone, not in the device’s', () => {
    expect(localInput(noon, shanghai)).toBe('2026-11-23T12:00')
    expect(instantOf('2026-11-23T12:00', shanghai)).toBe(noon)
    expect(instantOf('2026-11-23T00:10', shanghai)).toBe(Date.parse('2026-11-22T16:10:00Z'))
  })
  it('survive a change of clocks', () => {
    for (const at of ['2026-03-29T00:30', '2026-03-29T03:30', '2026-10-25T12:00']) expect(localInput(instantOf(at, 'Europe/Berlin'), 'Europe/Berlin')).toBe(at)
  })
  it('are none where there is none', () => {
    expect(instantOf('', shanghai)).toBeNaN()
  })
  it('name the next morning', () => {
    expect(nextClock(noon, 8, shanghai)).toBe(Date.parse('2026-11-24T00:00:00Z'))
    expect(nextClock(Date.parse('2026-11-22T23:00:00Z'), 8, shanghai)).toBe(Date.parse('2026-11-23T00:00:00Z')) // 07:00: today
    expect(nextClock(Date.parse('2026-11-23T00:00:00Z'), 8, shanghai)).toBe(Date.parse('2026-11-24T00:00:00Z')) // 08:00 itself is past
  })
  it.each([['0s', 0], ['5m0s', 5], ['1h5m0s', 65], ['4h0m0s', 240], ['90s', 1.5]])('a duration of Go: %s', (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes)
    expect(minutesOf(durationOf(minutes))).toBe(minutes)
  })
  it('refuses other durations', () => {
    expect(minutesOf('')).toBeNaN()
    expect(minutesOf('five')).toBeNaN()
  })
})

describe('the roster', () => {
  const p = (id: string, more: Partial<Person> = {}): Person => ({ id, name: id, roles: ['keeper'], ...more })

  it('hides the middle of a telephone number', () => {
    expect(masked('8613812345678')).toBe('+86 138****5678')
    expect(masked('+86 138 1234 5678')).toBe('+86 138****5678')
    expect(masked('4915112345678')).toBe('+491****5678')
    expect(masked('1234567')).toBe('+12****67')
    expect(masked('')).toBe('')
  })
  it('takes a mobile number as people here write it', () => {
    expect(phoneDigits('138 1234 5678')).toBe('8613812345678')
    expect(phoneDigits('+49 151 12345678')).toBe('4915112345678')
  })
  it('says hours as people do', () => {
    const day = [{ from: '08:00', to: '18:00' }]
    expect(dayGroups({ fri: day, mon: day, tue: day, sun: [{ from: '22:00', to: '06:00' }], sat: [] })).toEqual([
      { first: 'mon', last: 'tue', spans: day }, { first: 'fri', last: 'fri', spans: day }, { first: 'sun', last: 'sun', spans: [{ from: '22:00', to: '06:00' }] },
    ])
    expect(dayGroups(undefined)).toEqual([])
  })
  it('is changed in a copy and keeps what it does not know', () => {
    const r = { persons: [p('a', { handle: { wecom: 'x' } } as Partial<Person>), p('b')], holidays: ['2027-01-01'] }
    const changed = withPerson(r, { ...(r.persons[0] as Person), name: 'New' }, 'a')
    expect(changed).toEqual({ persons: [{ ...r.persons[0], name: 'New' }, p('b')], holidays: ['2027-01-01'] })
    expect(r.persons[0]?.name).toBe('a')
    expect(withPerson(r, p('c')).persons.map((x) => x.id)).toEqual(['a', 'b', 'c'])
    expect(withoutPerson(r, 'a').persons.map((x) => x.id)).toEqual(['b'])
    expect(freeID([p('a'), p('person-3')])).toBe('person-4')
  })
  it('tells what a person lacks', () => {
    expect(lacking(p('a', { phone: '8613812345678' }))).toBe('')
    expect(lacking(p('a', { name: ' ' }))).toBe('name')
    expect(lacking(p('a', { roles: [] }))).toBe('roles')
    expect(lacking(p('其', {}))).toBe('id')
    expect(lacking(p('a', { phone: '123' }))).toBe('phone')
  })
  it('knows who is away', () => {
    expect(isAway(p('a', { away_until: '2026-11-23T05:00:00Z' }), noon)).toBe(true)
    expect(isAway(p('a', { away_until: '2026-11-23T03:00:00Z' }), noon)).toBe(false)
    expect(isAway(p('a'), noon)).toBe(false)
  })
  it('toggles', () => {
    expect(toggle(['a', 'b'], 'a')).toEqual(['b'])
    expect(toggle(['b'], 'a')).toEqual(['b', 'a'])
  })
})

describe('the plan', () => {
  const chain = (...delays: string[]): Chain => ({ stages: delays.map((delay) => ({ delay, roles: ['keeper'] })), round: '30m0s', channels: null, take: 1 })
  it('finds the stage that comes too early or too late', () => {
    expect(wrongStage(chain('0s', '5m0s', '10m0s'), minutesOf)).toBe(-1)
    expect(wrongStage(chain('0s', '5m0s', '5m0s'), minutesOf)).toBe(2)
    expect(wrongStage(chain('0s', '30m0s'), minutesOf)).toBe(1)
  })
})

it('a drill tells who answered, the slowest and who did not', () => {
  const one = (name: string, seconds: number | null) => ({ person: name, name, told_at: '', answered_at: null, seconds })
  const d: Drill = { at: '', persons: [one('a', 42), one('b', null), one('c', 130)] }
  expect(drillSum(d)).toEqual({ answered: 2, slowest: 130, missed: ['b'] })
  expect(drillSum({ at: '', persons: [one('a', null)] }).slowest).toBeNull()
})

it('a channel has proved itself for a week', () => {
  const c = (at: string | null) => ({ proved_at: at }) as Channel
  expect(proved(c('2026-11-16T04:00:01Z'), noon)).toBe(true)
  expect(proved(c('2026-11-16T04:00:00Z'), noon)).toBe(false)
  expect(proved(c(null), noon)).toBe(false)
})

it('no word is missing or left empty in either language', () => {
  const flat = (o: object, at = ''): string[] =>
    Object.entries(o).reduce<string[]>((all, [k, v]) => all.concat(typeof v === 'string' ? at + k + (v === '' ? ' EMPTY' : '') : flat(v as object, at + k + '.')), [])
  expect(flat(answerEn).sort()).toEqual(flat(answerZh).sort())
  expect(flat(peopleEn).sort()).toEqual(flat(peopleZh).sort())
  expect([...flat(answerZh), ...flat(peopleZh)].filter((x) => x.endsWith('EMPTY'))).toEqual([])
})
