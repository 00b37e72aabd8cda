// What the style page shows: made up, and loaded with that page alone.
import type { Alarm, Limit, Point, Reading, Site, Zone } from '../../api/types'
import type { Judged, LiveZone } from '../../model/county'
import type { State } from '../../model/judge'
import type { Columns } from '../../model/series'

const limits: Limit[] = [
  { side: 'high', level: 'warning', value: 4, delay_s: 900 },
  { side: 'high', level: 'excursion', value: 5, delay_s: 1800 },
  { side: 'low', level: 'excursion', value: -1, delay_s: 900 },
]

const site: Site = { id: 'style', kind: 'township-store', name: { zh: '样式镇', en: 'Style Township' }, latitude: null, longitude: null, gateway: null, zones: [] }

/** One room in one state, at a moment. */
export interface Sample {
  name: { zh: string; en: string }
  state: State
  v: number | null
  ageS: number
  q?: Reading['q']
  reason?: string
  beyond?: number
  going?: number
  door?: boolean
  defrost?: boolean
  cut?: boolean
}

export const samples: Sample[] = [
  { name: { zh: '超限', en: 'Excursion' }, state: 'act', v: 7.4, ageS: 12, beyond: 2.4, going: 0.06, door: true },
  { name: { zh: '快到限值', en: 'Near the limit' }, state: 'attention', v: 4.3, ageS: 31, beyond: 0.3, going: 0.02, defrost: true },
  { name: { zh: '停电', en: 'Power cut' }, state: 'attention', v: 2.8, ageS: 9, cut: true, going: 0.03 },
  { name: { zh: '存疑', en: 'In doubt' }, state: 'attention', v: 2.2, ageS: 20, q: 'uncertain', reason: 'disagree' },
  { name: { zh: '旧值', en: 'Old value' }, state: 'nodata', v: 2.1, ageS: 2840 },
  { name: { zh: '探头坏', en: 'Broken probe' }, state: 'nodata', v: null, ageS: 40, q: 'bad', reason: 'sensor-fault' },
  { name: { zh: '正常', en: 'Normal' }, state: 'ok', v: 2.4, ageS: 4, going: -0.01 },
]

const at = (nowMs: number, s: number) => new Date(nowMs - s * 1000).toISOString()

export function judgedOf(s: Sample, nowMs: number): Judged {
  const zone = 'style/' + s.name.en
  const point = (name: string, quantity: Point['quantity'], unit: string, v: number | null, over: Partial<Reading> = {}): Point => ({
    id: `${zone}/${name}`, zone, quantity, unit, status: s.ageS > 600 ? 'unknown' : s.q === 'bad' ? 'fault' : 'ok', received: at(nowMs, s.ageS),
    reading: { t: at(nowMs, s.ageS), v, q: 'good', ...over },
  })
  const points = [
    point('air', 'temperature', 'Cel', s.v, { q: s.q ?? 'good', reason: s.reason }), point('humidity', 'humidity', '%RH', 84),
    point('door', 'door', '/', s.door ? 1 : 0), point('defrost', 'defrost', '/', s.defrost ? 1 : 0), point('mains', 'mains', '/', s.cut ? 0 : 1),
  ]
  const base = s.v ?? 2.5
  const min = Array.from({ length: 96 }, (_, i) => (i > 40 && i < 52 ? null : Math.round((base - 0.6 - ((s.beyond ?? 0) * (95 - i)) / 60 + Math.sin(i / 5) * 0.5) * 100) / 100))
  const data: Zone = { id: zone, site: site.id, kind: 'chilled', name: s.name, main: zone + '/air', limits: { temperature: limits }, points, spark: null, recent: null }
  const live: LiveZone = {
    data, site, order: 0, spark: { from: nowMs - 86_400_000, step: 900_000, min, max: min.map((v) => (v === null ? null : v + 0.7)) },
    samples: Array.from({ length: 15 }, (_, i) => [nowMs - (15 - i) * 60_000, base + (i - 15) * (s.going ?? 0)]), supply: points.filter((p) => p.quantity === 'mains'),
  }
  return { zone: live, state: s.state, beyond: s.beyond ?? 0, order: 0 }
}

const alarm: Alarm = {
  id: 'style', rule: 'high-limit', object: 'style/room/air', site: 'style', zone: '', quantity: 'temperature', unit: 'Cel', level: 'excursion', class: 'live',
  state: 'unacknowledged', open: true, start: '', raised: '', returned: null, last_seen: '', limit: 5, delay_s: 1800, peak: 7.4, last_value: 7.4, batches: [], acknowledged: null,
  left: { limit: 7, rate_per_hour: 1.2, earliest_s: 1500, latest_s: 4200 },
}

export const alarmsOfStyle = (nowMs: number): Alarm[] => {
  const times = { start: at(nowMs, 2400), raised: at(nowMs, 600), last_seen: at(nowMs, 9) }
  return [
    { ...alarm, ...times },
    { ...alarm, ...times, id: 'style-2', level: 'warning', peak: 5.3, last_value: 5.3, left: null, steps: [{ step: 'acknowledged', by: 'person:巴图', at: at(nowMs, 300) }] },
    { ...alarm, ...times, id: 'style-3', rule: 'site-silent', limit: null, peak: null, last_value: null, left: null },
    { ...alarm, ...times, id: 'style-4', open: false, state: 'normal', returned: at(nowMs, 60), left: null },
  ]
}

/** A day with a hole, a peak over the limit and an hour in doubt. */
export function columnsOf(nowMs: number): Columns {
  const out: Columns = { t: [], min: [], max: [], line: [], doubt: [] }
  for (let i = 0; i < 288; i++) {
    const hole = i > 100 && i < 130
    const v = hole ? null : 2.4 + Math.sin(i / 18) * 0.8 + (i > 200 && i < 240 ? 3.5 * Math.sin(((i - 200) / 40) * Math.PI) : 0)
    out.t.push(nowMs / 1000 - (288 - i) * 300)
    out.min.push(v === null ? null : v - 0.3)
    out.max.push(v === null ? null : v + 0.4)
    out.line.push(v)
    out.doubt.push(i > 150 && i < 162 ? 'disagree' : null)
  }
  return out
}

export const limitsOfStyle = limits
