import { describe, expect, it } from 'vitest'
import { reportPath } from '../src/api/client'
import type { Filing } from '../src/api/reports'
import { reportsEn, reportsZh } from '../src/i18n/reports'
import { waits } from '../src/model/filing'

const filing = (state: Filing['state']): Filing => ({
  now: '', from: '2026-10-22', to: '2026-11-21', ready: '2026-11-21T16:00:00.000Z', due: '2026-11-23T16:00:00.000Z', state, late: false, reviewed: null, sent: null, pdf: true,
})
const at = (s: string) => Date.parse(s)

describe('the monthly report', () => {
  it('is told of on the county page from its draft until it is sent', () => {
    expect(waits(filing('draft'), at('2026-11-22T00:00:00Z'))).toBe(true)
    expect(waits(filing('reviewed'), at('2026-11-23T00:00:00Z'))).toBe(true)
    expect(waits(filing('sent'), at('2026-11-23T00:00:00Z'))).toBe(false)
    expect(waits(null, at('2026-11-23T00:00:00Z'))).toBe(false)
  })
  it('is not told of for ever where nobody marks it', () => {
    expect(waits(filing('draft'), at('2026-12-02T00:00:00Z'))).toBe(false)
  })
})

describe('the address of a report', () => {
  it('has what is asked, and nothing of what is not', () => {
    expect(reportPath('daily', { site: 'balagong', date: '2026-11-23', format: 'pdf', lang: 'zh' })).toBe('/api/v1/reports/daily?site=balagong&date=2026-11-23&format=pdf&lang=zh')
    expect(reportPath('half-year', { site: undefined, date: '2026-11-23' })).toBe('/api/v1/reports/half-year?date=2026-11-23')
  })
})

describe('the words', () => {
  const keys = (o: object, at = ''): string[] => ([] as string[]).concat(...Object.entries(o).map(([k, v]) => (typeof v === 'object' ? keys(v, at + k + '.') : [at + k])))
  it('are the same in both languages', () => {
    expect(keys(reportsEn).sort()).toEqual(keys(reportsZh).sort())
  })
})
